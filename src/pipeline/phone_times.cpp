#include "phone_times.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "articulation.h"
#include "clip_rows.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/prepare_speech.h"
#include "resyncer/speech/features.h"

namespace resyncer::pipeline {

namespace {
using nlohmann::json;

bool is_phone(const json& row) {
  return row.is_array() && row.size() == 4 && row[0].is_string() && row[1].is_string() &&
         row[2].is_number() && row[3].is_number() && std::isfinite(row[2].get<double>()) &&
         std::isfinite(row[3].get<double>()) && row[2].get<double>() < row[3].get<double>();
}
}  // namespace

PhoneTimes read_phones(const std::filesystem::path& file) {
  auto refuse = [&](const std::string& what) {
    throw core::Error(core::ErrorKind::input, what, file.string(), "make it with scripts/phones.py");
  };
  std::ifstream in(file);
  if (!in) refuse("cannot be read");
  const json clips = json::parse(in, nullptr, false);
  if (!clips.is_object()) refuse("is no list of phoneme times");
  PhoneTimes out;
  for (const auto& [name, rows] : clips.items()) {
    auto& phones = out[name];
    if (!rows.is_array()) refuse("is no list of phoneme times");
    for (const json& row : rows) {
      if (!is_phone(row)) refuse("has a phone of '" + name + "' that is not [phone, word, start, end]");
      phones.push_back({row[0].get<std::string>(), {row[2].get<double>(), row[3].get<double>()}});
      if (ipa_of(phones.back().name).empty())
        refuse("has a phone of '" + name + "' that is not in ARPAbet: '" + phones.back().name + "'");
    }
  }
  return out;
}

BilabialTimes read_bilabials(const std::filesystem::path& file) {
  BilabialTimes out;
  for (const auto& [name, phones] : read_phones(file)) {
    auto& times = out[name];
    for (const Phone& phone : phones)
      if (phone.name == "P" || phone.name == "B" || phone.name == "M") times.push_back(phone.time);
  }
  return out;
}

std::vector<std::uint8_t> articulation_labels(const std::vector<Phone>& phones, std::size_t frames) {
  // The first frame whose centre lies at or after a time.
  auto first = [&](double seconds) {
    return std::size_t(std::clamp(std::ceil(seconds * speech::kMelRate - 0.5), 0.0, double(frames)));
  };
  std::vector<std::uint8_t> labels(frames, kSilence);
  for (const Phone& phone : phones) {
    const auto classes = articulations(ipa_of(phone.name));
    const std::size_t begin = first(phone.time.start), end = first(phone.time.end);
    for (std::size_t i = begin; i < end; ++i)
      labels[i] = classes[(i - begin) * classes.size() / (end - begin)];
  }
  return labels;
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
