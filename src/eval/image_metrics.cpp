#include "resyncer/eval/image_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/luma.h"

namespace resyncer::eval {

namespace {

using core::ImageF;

constexpr int kRadius = 5;
using Kernel = std::array<float, 2 * kRadius + 1>;

Kernel gaussian_kernel() {
  Kernel kernel{};
  float sum = 0;
  for (int i = -kRadius; i <= kRadius; ++i)
    sum += kernel[i + kRadius] = std::exp(-float(i * i) / (2 * 1.5F * 1.5F));
  for (float& k : kernel) k /= sum;
  return kernel;
}

// Separable blur with repeated edges.
ImageF blur(const ImageF& image) {
  static const Kernel kernel = gaussian_kernel();
  ImageF across(image.width, image.height, 1), out(image.width, image.height, 1);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      float sum = 0;
      for (int i = -kRadius; i <= kRadius; ++i)
        sum += kernel[i + kRadius] * image.at(std::clamp(x + i, 0, image.width - 1), y);
      across.at(x, y) = sum;
    }
  for (int y = 0; y < image.height; ++y)
    for (int i = -kRadius; i <= kRadius; ++i) {
      const float* from = across.row(std::clamp(y + i, 0, image.height - 1));
      float* to = out.row(y);
      for (int x = 0; x < image.width; ++x) to[x] += kernel[i + kRadius] * from[x];
    }
  return out;
}

ImageF product(const ImageF& a, const ImageF& b) {
  ImageF out = a;
  for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] *= b.data[i];
  return out;
}

constexpr int kScales = 3;

// 2 x 2 means; an odd row or column at the end is dropped.
ImageF halved(const ImageF& image) {
  ImageF out(image.width / 2, image.height / 2, 1);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x)
      out.at(x, y) = 0.25F * (image.at(2 * x, 2 * y) + image.at(2 * x + 1, 2 * y) +
                              image.at(2 * x, 2 * y + 1) + image.at(2 * x + 1, 2 * y + 1));
  return out;
}

}  // namespace

double psnr(const ImageF& a, const ImageF& b, const ImageF& mask) {
  double sum = 0, count = 0;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (mask.at(x, y) <= 0.5F) continue;
      for (int c = 0; c < a.channels; ++c) sum += std::pow(double(a.at(x, y, c)) - b.at(x, y, c), 2);
      count += a.channels;
    }
  double mse = count > 0 ? sum / count : 0;
  return mse <= 1e-10 ? 100.0 : -10 * std::log10(mse);
}

double ssim(const ImageF& a, const ImageF& b, const ImageF& mask) {
  ImageF x = luma(a), y = luma(b);
  ImageF mx = blur(x), my = blur(y), xx = blur(product(x, x)), yy = blur(product(y, y)),
         xy = blur(product(x, y));
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < mask.data.size(); ++i) {
    if (mask.data[i] <= 0.5F) continue;
    double ux = mx.data[i], uy = my.data[i];
    double vx = xx.data[i] - ux * ux, vy = yy.data[i] - uy * uy, cov = xy.data[i] - ux * uy;
    sum += (2 * ux * uy + c1) * (2 * cov + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2));
    count += 1;
  }
  return count > 0 ? sum / count : 1.0;
}

double laplacian_variance(const ImageF& image, const ImageF& mask) {
  ImageF y = luma(image);
  double sum = 0, squares = 0, count = 0;
  for (int v = 1; v + 1 < y.height; ++v)
    for (int u = 1; u + 1 < y.width; ++u) {
      if (mask.at(u, v) <= 0.5F) continue;
      double l = y.at(u - 1, v) + y.at(u + 1, v) + y.at(u, v - 1) + y.at(u, v + 1) - 4 * y.at(u, v);
      sum += l;
      squares += l * l;
      count += 1;
    }
  if (count == 0) return 0;
  double mean = sum / count;
  return squares / count - mean * mean;
}

double gradient_error(const ImageF& a, const ImageF& b, const ImageF& mask) {
  ImageF x = luma(a), y = luma(b), counts = mask;
  double sum = 0, scales = 0;
  for (int scale = 0; scale < kScales && std::min(x.width, x.height) >= 3; ++scale) {
    double errors = 0, pixels = 0;
    for (int v = 1; v + 1 < x.height; ++v)
      for (int u = 1; u + 1 < x.width; ++u) {
        if (counts.at(u, v) <= 0.5F) continue;
        errors +=
            std::hypot(gradient_x(x, u, v) - gradient_x(y, u, v), gradient_y(x, u, v) - gradient_y(y, u, v));
        pixels += 1;
      }
    if (pixels > 0) {
      sum += errors / pixels;
      scales += 1;
    }
    x = halved(x), y = halved(y), counts = halved(counts);
  }
  return scales > 0 ? sum / scales : 0;
}

}  // namespace resyncer::eval
