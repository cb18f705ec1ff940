#include "resyncer/eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace resyncer::eval {

namespace {

using core::ImageF;

ImageF luma(const ImageF& image) {
  if (image.channels == 1) return image;
  ImageF out(image.width, image.height, 1);
  const float* p = image.data.data();
  for (float& y : out.data) {
    y = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
    p += image.channels;
  }
  return out;
}

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

LagCorrelation best_lag_correlation(const std::vector<float>& a, const std::vector<float>& b,
                                    const std::vector<float>& weight, int max_lag) {
  LagCorrelation best{-2, 0};
  for (int lag = -max_lag; lag <= max_lag; ++lag) {
    double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < int(a.size()); ++i) {
      int j = i + lag;
      if (j < 0 || j >= int(b.size()) || weight[j] <= 0) continue;
      n += 1;
      sa += a[i];
      sb += b[j];
      saa += double(a[i]) * a[i];
      sbb += double(b[j]) * b[j];
      sab += double(a[i]) * b[j];
    }
    double va = n * saa - sa * sa, vb = n * sbb - sb * sb;
    double value = va > 1e-12 && vb > 1e-12 ? (n * sab - sa * sb) / std::sqrt(va * vb) : 0.0;
    if (value > best.value) best = {value, lag};
  }
  return best;
}

}  // namespace resyncer::eval
