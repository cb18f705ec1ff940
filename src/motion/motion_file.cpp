#include "resyncer/motion/motion_file.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::motion {

namespace {

using nlohmann::json;

constexpr char kKind[] = "resyncer-motion";
constexpr char kRemedy[] = "take a file of render --motion-out for this video and speech";
constexpr std::uintmax_t kMostNumber = 64;  // bytes, with its indentation

template <typename Row>
std::string text_of(const Row& row) {
  std::string text = "[";
  char number[32];
  for (Eigen::Index i = 0; i < row.size(); ++i) {
    std::snprintf(number, sizeof number, "%s%.9g", i > 0 ? ", " : "", double(row[i]));
    text += number;
  }
  return text + "]";
}

// Takes the file as it is read: nothing is kept of it but numbers that belong to a motion of the wanted
// shape.
class MotionHandler : public nlohmann::json_sax<json> {
 public:
  explicit MotionHandler(const MotionShape& shape) : shape_(shape) {
    motion_.rest.resize(shape.coefficients);
    motion_.expression.resize(shape.rows, shape.coefficients);
  }

  const std::string& fault() const { return fault_; }
  Motion take() { return std::move(motion_); }

  bool key(string_t& name) override {
    if (!keys_.insert(name).second) return refuse("the key '" + shortened(name) + "' stands twice");
    key_ = name;
    return true;
  }
  bool start_object(std::size_t) override { return ++objects_ == 1 && lists_ == 0 ? true : unexpected(); }
  bool end_object() override {
    for (const char* name : {"kind", "version", "face_model", "rate", "rest", "expression"})
      if (keys_.count(name) == 0) return refuse(std::string("there is no '") + name + "'");
    if (rows_ != shape_.rows)
      return refuse("it has " + std::to_string(rows_) + " rows, the video " + std::to_string(shape_.rows) +
                    " frames");
    return true;
  }
  bool start_array(std::size_t) override {
    ++lists_;
    column_ = 0;
    if (key_ == "rest" && lists_ == 1) return true;
    if (key_ != "expression" || lists_ > 2) return unexpected();
    if (lists_ == 2 && rows_ == shape_.rows)
      return refuse("it has more rows than the video has frames (" + std::to_string(shape_.rows) + ")");
    return true;
  }
  bool end_array() override {
    const bool numbers = key_ == "rest" || lists_ == 2;
    if (numbers && column_ != shape_.coefficients)
      return refuse(place() + " has " + std::to_string(column_) + " numbers, not " +
                    std::to_string(shape_.coefficients));
    if (lists_-- == 2) ++rows_;
    return true;
  }

  bool number_integer(std::int64_t value) override { return number(double(value)); }
  bool number_unsigned(std::uint64_t value) override { return number(double(value)); }
  bool number_float(double value, const string_t&) override { return number(value); }
  bool string(string_t& value) override {
    if (lists_ > 0 || objects_ == 0) return unexpected();
    if (key_ == "kind") return value == kKind ? true : refuse("it is no motion");
    if (key_ != "face_model") return unexpected();
    if (value != shape_.face_model) return refuse("it is the motion of another face model");
    motion_.face_model = value;
    return true;
  }
  bool null() override { return unexpected(); }
  bool boolean(bool) override { return unexpected(); }
  bool binary(binary_t&) override { return unexpected(); }
  bool parse_error(std::size_t, const std::string&, const json::exception& error) override {
    const std::string what = error.what();  // "[json.exception...] parse error at line 1, column 2: ..."
    const std::size_t text = what.find("] ");
    return refuse("it is no JSON: " + shortened(text == std::string::npos ? what : what.substr(text + 2)));
  }

 private:
  bool refuse(const std::string& what) {
    fault_ = what;
    return false;
  }
  bool unexpected() {
    return refuse(keys_.empty() ? "it is no motion" : "'" + shortened(key_) + "' is not what it should be");
  }
  static std::string shortened(const std::string& text) { return text.substr(0, 80); }
  std::string place() const {
    return lists_ == 2 ? "row " + std::to_string(rows_) : "'" + shortened(key_) + "'";
  }

  bool number(double value) {
    if (objects_ == 0) return unexpected();
    if (lists_ == 0) {
      if (key_ == "version") return value == 1 ? true : refuse("its version is unknown");
      if (key_ != "rate" || !(value > 0 && value < 1e6)) return unexpected();
      motion_.rate = value;
      return true;
    }
    if (key_ == "expression" && lists_ != 2) return unexpected();
    if (column_ >= shape_.coefficients)
      return refuse(place() + " has more than " + std::to_string(shape_.coefficients) + " numbers");
    if (!(std::abs(value) <= double(kMostCoefficient)))
      return refuse(place() + " holds a number that is no mouth");
    (key_ == "rest" ? motion_.rest[column_] : motion_.expression(rows_, column_)) = float(value);
    ++column_;
    return true;
  }

  const MotionShape& shape_;
  Motion motion_;
  std::string fault_, key_;
  std::set<std::string> keys_;
  int objects_ = 0, lists_ = 0;
  Eigen::Index rows_ = 0, column_ = 0;
};

}  // namespace

void write_motion(const std::filesystem::path& path, const Motion& motion) {
  core::OutputFile file(path);
  std::ofstream stream(file.temporary(), std::ios::binary);
  char rate[32];
  std::snprintf(rate, sizeof rate, "%.9g", motion.rate);
  stream << "{\n\"kind\": \"" << kKind << "\",\n\"version\": 1,\n\"face_model\": \"" << motion.face_model
         << "\",\n\"rate\": " << rate << ",\n\"rest\": " << text_of(motion.rest) << ",\n\"expression\": [";
  for (Eigen::Index i = 0; i < motion.expression.rows(); ++i)
    stream << (i > 0 ? ",\n" : "\n") << text_of(motion.expression.row(i));
  stream << "\n]\n}\n";
  stream.close();
  if (!stream)
    throw core::Error(core::ErrorKind::output, "writing failed", path.string(), "is the disk full?");
  file.commit();
}

Motion read_motion(const std::filesystem::path& path, const MotionShape& shape) {
  auto refuse = [&](const std::string& what) {
    throw core::Error(core::ErrorKind::input, "The motion cannot be used: " + what, path.string(), kRemedy);
  };
  std::error_code code;
  const auto bytes = std::filesystem::file_size(path, code);
  std::ifstream stream(path, std::ios::binary);
  if (code || !stream) refuse("the file cannot be read");
  const auto most = kMostNumber * (std::uintmax_t(shape.rows) + 2) * (std::uintmax_t(shape.coefficients) + 2);
  if (bytes > most) refuse("the file is too large for " + std::to_string(shape.rows) + " frames");
  MotionHandler handler(shape);
  bool read = false;
  try {
    read = json::sax_parse(stream, &handler);
  } catch (const json::exception& error) {
    refuse("it is no JSON");
  }
  if (!read) refuse(handler.fault());
  return handler.take();
}

}  // namespace resyncer::motion
