#include "phone_times.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "clip_rows.h"
#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {
using nlohmann::json;

bool is_phone(const json& row) {
  return row.is_array() && row.size() == 4 && row[0].is_string() && row[1].is_string() &&
         row[2].is_number() && row[3].is_number() && std::isfinite(row[2].get<double>()) &&
         std::isfinite(row[3].get<double>()) && row[2].get<double>() < row[3].get<double>();
}
}  // namespace

BilabialTimes read_bilabials(const std::filesystem::path& file) {
  auto refuse = [&](const std::string& what) {
    throw core::Error(core::ErrorKind::input, what, file.string(), "make it with scripts/phones.py");
  };
  std::ifstream in(file);
  if (!in) refuse("cannot be read");
  const json clips = json::parse(in, nullptr, false);
  if (!clips.is_object()) refuse("is no list of phoneme times");
  BilabialTimes out;
  for (const auto& [name, rows] : clips.items()) {
    auto& times = out[name];
    if (!rows.is_array()) refuse("is no list of phoneme times");
    for (const json& row : rows) {
      if (!is_phone(row)) refuse("has a phone of '" + name + "' that is not [phone, word, start, end]");
      const auto phone = row[0].get<std::string>();
      if (phone == "P" || phone == "B" || phone == "M")
        times.push_back({row[2].get<double>(), row[3].get<double>()});
    }
  }
  return out;
}

std::vector<float> shut_shares(const std::vector<eval::TimeSpan>& bilabials, std::size_t rows) {
  std::vector<float> shares(rows, 0.F);
  for (const eval::TimeSpan& span : bilabials)
    for (std::size_t i = 0; i < rows; ++i) {
      const double within =
          std::min(span.end * kRowRate, double(i + 1)) - std::max(span.start * kRowRate, double(i));
      shares[i] = std::min(1.F, shares[i] + float(std::max(0.0, within)));
    }
  return shares;
}

}  // namespace resyncer::pipeline
