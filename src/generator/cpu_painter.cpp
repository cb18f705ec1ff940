#include "cpu_painter.h"

#include <ATen/Parallel.h>

#include "output_kernels.h"

namespace resyncer::generator {

namespace {
using nets::ModulatedConvImpl;
using torch::Tensor;

Tensor channels_last(const Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }

// doubled(below) + rgb, all N = 1, channels-last, kOutputLanes channels.
Tensor add_doubled(const Tensor& below, const Tensor& rgb) {
  const int64_t height = rgb.size(2), width = rgb.size(3), stride = width * kOutputLanes;
  Tensor sum = torch::empty(rgb.sizes(), below.options().memory_format(torch::MemoryFormat::ChannelsLast));
  const float* small = below.data_ptr<float>();
  at::parallel_for(0, height, 64, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      int64_t inner = y / 2,
              outer = std::clamp<int64_t>((y & 1) != 0 ? inner + 1 : inner - 1, 0, height / 2 - 1);
      const float *near = small + inner * stride / 2, *far = small + outer * stride / 2;
      float* out = sum.data_ptr<float>() + y * stride;
      if (rgb.scalar_type() == torch::kBFloat16)
        add_doubled_row(near, far, static_cast<const std::uint16_t*>(rgb.data_ptr()) + y * stride, out,
                        width);
      else
        add_doubled_row(near, far, rgb.data_ptr<float>() + y * stride, out, width);
    }
  });
  return sum;
}
}  // namespace

CpuPainter::CpuPainter(nets::RewiredGenerator network, torch::ScalarType compute)
    : network_(std::move(network)), compute_(compute) {
  auto add = [&](const nets::Conv& conv, int stride, bool ends_level) {
    encoder_.push_back(
        {channels_last(conv->weight.to(compute_)), conv->bias.to(compute_), stride, ends_level});
  };
  add(network_->stem, 1, true);
  for (std::size_t i = 0; i < network_->down.size(); ++i) {
    bool alone = network_->body[i].is_empty();
    add(network_->down[i], 2, alone);
    if (!alone) add(network_->body[i], 1, true);
  }
  for (auto& level : network_->levels) {
    Level prepared;
    if (!level->up.is_empty()) {
      prepared.up = prepare(level->up, 0);
      prepared.up_strength = level->up_slot->strength;
    }
    prepared.conv = prepare(level->conv, 0);
    prepared.strength = level->slot->strength;
    prepared.to_rgb = prepare(level->to_rgb, kOutputLanes);
    levels_.push_back(prepared);
  }
}

// outputs > 0: a ToRGB, padded to so many channels.
CpuPainter::Layer CpuPainter::prepare(nets::ModulatedConv conv, int outputs) const {
  Layer layer;
  layer.source = conv;
  if (outputs > 0) {
    Tensor padded = torch::zeros({outputs, conv->weight.size(1), 1, 1});
    padded.slice(0, 0, conv->weight.size(0)).copy_(conv->kernel());
    layer.kernel = channels_last(padded);
  } else {
    layer.kernel = channels_last(conv->kernel().to(compute_));
    layer.energy = conv->weight.square().sum({2, 3}).t().contiguous();
  }
  return layer;
}

ModulatedConvImpl::Raw CpuPainter::convolve(const Layer& layer, const Tensor& x, const Tensor& w) const {
  const auto& conv = *layer.source;
  Tensor style = conv.styles(w);
  // The style goes where there is less to multiply: into the kernel of the fine levels, into the picture of
  // the coarse ones.
  bool into_kernel = layer.kernel.numel() < x.numel();
  Tensor kernel = into_kernel ? nets::scale_channels(layer.kernel, style.expand({layer.kernel.size(0), -1}))
                              : layer.kernel;
  Tensor y = torch::conv2d(into_kernel ? x : nets::scale_channels(x, style), kernel, {}, 1, conv.padding());
  return {y, torch::rsqrt(torch::matmul(style.square(), layer.energy) + 1e-8) * std::sqrt(2.0)};
}

Tensor CpuPainter::to_rgb(const Layer& layer, const Tensor& x, const Tensor& w) const {
  const auto& conv = *layer.source;
  Tensor kernel = layer.kernel * conv.styles(w).view({1, -1, 1, 1});
  Tensor bias = torch::zeros({kOutputLanes});
  bias.slice(0, 0, conv.bias.size(0)).copy_(conv.bias);
  return torch::conv2d(x, channels_last(kernel.to(compute_)), bias.to(compute_));
}

std::vector<Tensor> CpuPainter::encode(const Tensor& guidance) const {
  std::vector<Tensor> features;
  Tensor x = guidance;
  for (const auto& conv : encoder_) {
    x = torch::conv2d(x, conv.kernel, conv.bias, conv.stride, 1);
    torch::leaky_relu_(x, nets::kLeakySlope);
    if (conv.ends_level) features.push_back(x);
  }
  return features;
}

void CpuPainter::paint(const Guidance& guidance, Painting* out) const {
  const int64_t side = guidance.side;
  Tensor planes =
      torch::from_blob(const_cast<float*>(guidance.planes.data.data()), {1, side, side, kGuidancePlanes})
          .to(compute_)
          .permute({0, 3, 1, 2});
  auto features = encode(planes);
  Tensor w = network_->style(features.back());
  Tensor x = network_->constant_like(features.back()), sum;
  for (std::size_t i = levels_.size(); i-- > 0;) {
    const Level& level = levels_[i];
    if (!level.up.source.is_empty())
      x = nets::finish_slot(convolve(level.up, x, w), level.up.source->bias, features[i], level.up_strength,
                            true);
    x = nets::finish_slot(convolve(level.conv, x, w), level.conv.source->bias, features[i], level.strength,
                          false);
    Tensor rgb = to_rgb(level.to_rgb, x, w);
    sum = sum.defined() ? add_doubled(sum, rgb) : rgb.to(torch::kFloat32);
  }
  out->weights.width = out->weights.height = out->residual.width = out->residual.height = int(side);
  out->weights.channels = kReferences;
  out->residual.channels = 3;
  out->weights.data.resize(std::size_t(side * side * kReferences));
  out->residual.data.resize(std::size_t(side * side * 3));
  at::parallel_for(0, side, 32, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y)
      finish_row(sum.data_ptr<float>() + y * side * kOutputLanes, guidance.planes.row(int(y)), side,
                 kGuidancePlanes, out->weights.row(int(y)), out->residual.row(int(y)));
  });
}

}  // namespace resyncer::generator
