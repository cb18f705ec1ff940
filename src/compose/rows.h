// Rows of samples between a picture's planes and float buffers.
#pragma once

#include "compose/picture.h"

namespace resyncer::compose {

// n samples of the plane's row y from column x.
void load(const media::Plane& plane, int bit_depth, int x, int y, int n, float* out);
// Values must lie in [0, 2^bit_depth); they are rounded half up.
void store(const media::Plane& plane, int bit_depth, int x, int y, int n, const float* values);

// Extent of the chroma planes.
int chroma_width(const media::PixelLayout& layout);
int chroma_height(const media::PixelLayout& layout);

// True where chroma lies on the even luma columns (MPEG-2, H.264): chroma is then interpolated linearly along
// the row. In every other case, and down the columns, a chroma sample stands for its whole block of luma
// pixels.
bool is_left_sited(const media::PixelLayout& layout);

// Chroma samples [first, last) of chroma row y, interpolated to the luma columns [first << shift, last <<
// shift). `scratch` has room for last - first + 1 values.
void load_chroma_at_luma(const Picture& picture, int plane, int y, int first, int last, float* scratch,
                         float* out);

// Floats of work memory that load_rgb needs for rows of n pixels.
std::size_t load_rgb_scratch(int n);
// Interleaved RGB of n pixels of luma row y from column x.
void load_rgb(const Picture& picture, const struct CodeSpace& space, int x, int y, int n, float* scratch,
              float* rgb);

}  // namespace resyncer::compose
