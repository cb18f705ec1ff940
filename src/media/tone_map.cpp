#include "tone_map.h"

#include <algorithm>
#include <cmath>

namespace resyncer::media {

namespace {
// cd/m2 of a code in [0, 1].
double pq_light(double code) {
  constexpr double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128, c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32,
                   c3 = 2392.0 / 4096 * 32;
  const double power = std::pow(code, 1 / m2);
  return 10000 * std::pow(std::max(0.0, power - c1) / (c2 - c3 * power), 1 / m1);
}

double hlg_light(double code) {
  constexpr double a = 0.17883277, b = 1 - 4 * a, screen = 1000, gamma = 1.2;
  const double c = 0.5 - a * std::log(4 * a);
  const double scene = code <= 0.5 ? code * code / 3 : (std::exp((code - c) / a) + b) / 12;
  return screen * std::pow(scene, gamma);
}

// Light to the code of an ordinary screen, both 1 at white.
double screen_code(double light) {
  constexpr double white = 203, knee = 0.75;
  double x = light / white;
  if (x > knee) x = knee + (1 - knee) * (1 - std::exp((knee - x) / (1 - knee)));
  return std::pow(x, 1 / 2.2);
}

ToneTable make_table(Transfer transfer) {
  ToneTable table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double code = double(i) / 255;
    double shown = code;
    if (transfer == Transfer::pq) shown = screen_code(pq_light(code));
    if (transfer == Transfer::hlg) shown = screen_code(hlg_light(code));
    table[i] = std::uint8_t(std::lround(255 * std::clamp(shown, 0.0, 1.0)));
  }
  return table;
}
}  // namespace

const ToneTable& tone_table(Transfer transfer) {
  static const ToneTable sdr = make_table(Transfer::sdr), pq = make_table(Transfer::pq),
                         hlg = make_table(Transfer::hlg);
  return transfer == Transfer::pq ? pq : transfer == Transfer::hlg ? hlg : sdr;
}

}  // namespace resyncer::media
