#include "resyncer/motion/speaking_style.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"

namespace resyncer::motion {

namespace {

using core::Error;
using core::ErrorKind;

constexpr const char* kKind = "style";
constexpr const char* kVersion = "1";
constexpr const char* kRemedy = "run resyncer style extract again";
constexpr std::int64_t kLongestToken = 4096;
constexpr float kWidest = 10;  // opening that no mouth has

[[noreturn]] void refuse(const core::TensorFile& file, const std::string& what) {
  throw Error(ErrorKind::model, what, file.place(), kRemedy);
}

std::vector<float> numbers(const core::TensorFile& file, const char* name, std::int64_t least,
                           std::int64_t most) {
  const core::TensorView& view = file.get(name, core::DType::f32, {-1});
  if (view.count() < least || view.count() > most)
    refuse(file, std::string("tensor '") + name + "' has an impossible size");
  std::vector<float> values = view.to_floats();
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
    refuse(file, std::string("tensor '") + name + "' holds no sensible numbers");
  return values;
}

}  // namespace

SpeakingStyle mix(const std::vector<SpeakingStyle>& styles, const std::vector<float>& weights) {
  const float sum = std::accumulate(weights.begin(), weights.end(), 0.F);
  if (styles.empty() || weights.size() != styles.size())
    throw Error(ErrorKind::usage, "there has to be one weight for every style");
  if (!(sum > 0) || !std::isfinite(sum) || *std::min_element(weights.begin(), weights.end()) < 0)
    throw Error(ErrorKind::usage, "the weights of styles must not be negative, nor all of them 0");
  SpeakingStyle mixed;
  mixed.token = Eigen::VectorXf::Zero(styles.front().token.size());
  for (std::size_t i = 0; i < styles.size(); ++i) {
    const SpeakingStyle& style = styles[i];
    const float share = weights[i] / sum;
    if (style.token.size() == 0)
      throw Error(ErrorKind::usage, "the neutral style cannot be mixed with others", "",
                  "use a lower --style-strength");
    if (style.token.size() != mixed.token.size())
      throw Error(ErrorKind::model, "styles of different motion models cannot be mixed");
    mixed.token += share * style.token;
    mixed.low += share * style.low, mixed.middle += share * style.middle, mixed.high += share * style.high;
    mixed.mean += share * style.mean, mixed.deviation += share * style.deviation;
    mixed.tempo += share * style.tempo;
    mixed.seconds += style.seconds;
  }
  return mixed;
}

void write_style(const SpeakingStyle& style, const std::string& base, const std::filesystem::path& path) {
  core::TensorFileWriter writer;
  writer.set_meta("kind", kKind);
  writer.set_meta("version", kVersion);
  writer.set_meta("base", base);
  writer.add("token", {style.token.size()}, {style.token.data(), style.token.data() + style.token.size()});
  writer.add("opening", {7},
             {style.low, style.middle, style.high, style.mean, style.deviation, style.tempo, style.seconds});
  writer.write(path);
}

SpeakingStyle read_style(const std::filesystem::path& path, const std::string& base) {
  const core::TensorFile file(path);
  if (file.meta("kind") != kKind)
    throw Error(ErrorKind::model, "is a '" + file.meta("kind") + "' file where a 'style' file is needed",
                file.place(), "name a file that resyncer style extract has written");
  if (file.meta("version") != kVersion)
    refuse(file, "has version " + file.meta("version") + " where this program reads version " + kVersion);
  if (file.meta("base") != base) refuse(file, "was made for other weights of the motion model than these");
  const std::vector<float> token = numbers(file, "token", 1, kLongestToken),
                           opening = numbers(file, "opening", 7, 7);
  SpeakingStyle style;
  style.token = Eigen::Map<const Eigen::VectorXf>(token.data(), Eigen::Index(token.size()));
  style.low = opening[0], style.middle = opening[1], style.high = opening[2];
  style.mean = opening[3], style.deviation = opening[4], style.tempo = opening[5];
  style.seconds = opening[6];
  if (!(style.low <= style.middle && style.middle <= style.high) ||
      std::max(std::abs(style.low), std::abs(style.high)) > kWidest || style.tempo < 0 ||
      style.token.cwiseAbs().maxCoeff() > 1)
    refuse(file, "no mouth speaks like this");
  return style;
}

}  // namespace resyncer::motion
