#include "resyncer/identity/recogniser.h"

#include <torch/torch.h>

#include <array>
#include <cassert>
#include <cmath>

#include "resyncer/core/error.h"
#include "resyncer/nets/identity_net.h"

namespace resyncer::identity {

namespace {

using core::Point2;

constexpr float kSide = float(kFacePicture);

Point2 middle_of(const core::Landmarks& p, std::size_t first, std::size_t last) {
  Point2 sum(0, 0);
  for (std::size_t i = first; i <= last; ++i) sum += p[i];
  return sum / float(last - first + 1);
}

}  // namespace

core::Affine2 picture_from_frame(const core::Landmarks& landmarks) {
  const std::array<Point2, 3> from = {middle_of(landmarks, 36, 41), middle_of(landmarks, 42, 47),
                                      middle_of(landmarks, 48, 59)};
  const std::array<Point2, 3> to = {kSide * Point2(0.2F, 0.29F), kSide * Point2(0.8F, 0.29F),
                                    kSide * Point2(0.5F, 0.86F)};
  // Least squares: as complex numbers to = a from + b.
  const Point2 middle = (from[0] + from[1] + from[2]) / 3, wanted = (to[0] + to[1] + to[2]) / 3;
  float real = 0, imaginary = 0, norm = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const Point2 p = from[i] - middle, q = to[i] - wanted;
    real += p.dot(q);
    imaginary += p.x() * q.y() - p.y() * q.x();
    norm += p.squaredNorm();
  }
  real /= std::max(norm, 1e-6F), imaginary /= std::max(norm, 1e-6F);
  core::Affine2 map;
  map.linear() << real, -imaginary, imaginary, real;
  map.translation() = wanted - map.linear() * middle;
  return map;
}

struct Recogniser::Impl {
  mutable nets::IdentityNet net{nullptr};  // torch's forward is not const
};

Recogniser::Recogniser(const std::filesystem::path& weights) : impl_(std::make_unique<Impl>()) {
  impl_->net = nets::load_identity_net(weights);
  if (impl_->net->config().side != kFacePicture)
    throw core::Error(core::ErrorKind::model, "the network looks at pictures of another size",
                      weights.string(), "install the weights of this version");
}
Recogniser::~Recogniser() = default;
Recogniser::Recogniser(Recogniser&&) noexcept = default;
Recogniser& Recogniser::operator=(Recogniser&&) noexcept = default;

std::vector<float> Recogniser::describe(const core::ImageU8& gray) const {
  assert(gray.width == kFacePicture && gray.height == kFacePicture && gray.channels == 1);
  torch::NoGradGuard no_grad;
  auto* bytes = const_cast<std::uint8_t*>(gray.data.data());  // only read
  const torch::Tensor picture =
      torch::from_blob(bytes, {1, 1, kFacePicture, kFacePicture}, torch::kUInt8).to(torch::kFloat32);
  const torch::Tensor vector = impl_->net->forward(picture).contiguous();
  return {vector.data_ptr<float>(), vector.data_ptr<float>() + vector.numel()};
}

std::vector<float> mean_description(const std::vector<std::vector<float>>& descriptions) {
  if (descriptions.empty()) return {};
  std::vector<float> mean(descriptions.front().size(), 0.F);
  for (const auto& d : descriptions)
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += d[i];
  float squares = 0;
  for (float v : mean) squares += v * v;
  for (float& v : mean) v /= std::max(std::sqrt(squares), 1e-12F);
  return mean;
}

double similarity(const std::vector<float>& a, const std::vector<float>& b) {
  assert(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double(a[i]) * double(b[i]);
  return sum;
}

}  // namespace resyncer::identity
