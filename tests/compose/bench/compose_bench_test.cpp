#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "compose/test_picture.h"

namespace resyncer::compose {
namespace {

// Milliseconds of the fastest of several runs.
template <typename Work>
double best_ms(int runs, Work work) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(
        best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

TEST(ComposeBench, MillisecondsAPatch) {
  for (int depth : {8, 10}) {
    for (int size : {300, 1000}) {
      TestPicture picture(
          {layout_of(1920, 1080, depth, 1, 1, false, false, media::ColorMatrix::bt709), Packing::planar});
      picture.fill(1, true);
      core::Patch patch = patch_of({401, 37, 401 + size, 37 + size}, 0);
      feather(&patch, 0.06F * float(size));
      Workspace work;
      core::ImageU8 mask;
      const double read = best_ms(9, [&] { read_rgb(picture.picture, patch.roi, &patch.rgb, &work); });
      const double match = best_ms(9, [&] { match_colour(picture.picture, {}, &patch, &work); });
      const double blend = best_ms(9, [&] { composite(patch, picture.picture, nullptr, &work); });
      const double with_mask = best_ms(9, [&] { composite(patch, picture.picture, &mask, &work); });
      std::printf(
          "%4d x %-4d %2d bit: read_rgb %.2f ms, match_colour %.2f ms, composite %.2f ms (%.2f with the mask "
          "of "
          "1080p)\n",
          size, size, depth, read, match, blend, with_mask);
      // 3 ms on an idle core; the machine may be busy.
      if (size == 300) {
        EXPECT_LT(match + blend, 12);
      }
    }
  }
}

}  // namespace
}  // namespace resyncer::compose
