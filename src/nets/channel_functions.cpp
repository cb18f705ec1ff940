// Autograd round the kernels of channel_kernels.h.
#include <ATen/Parallel.h>

#include "channel_kernels.h"
#include "resyncer/nets/layers.h"

namespace resyncer::nets {

namespace {
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using torch::autograd::Variable;

constexpr int64_t kRowGrain = 4096;  // elements a task at least

Tensor channels_last(const Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }

Tensor like(const Tensor& x, torch::IntArrayRef shape) {
  return torch::empty(shape, x.options().memory_format(torch::MemoryFormat::ChannelsLast));
}

// f(pointer type) for the two dtypes that the kernels know.
template <typename F>
void dispatch(const Tensor& x, F f) {
  if (x.scalar_type() == torch::kBFloat16) {
    f(Bf16{});
  } else {
    TORCH_CHECK(x.scalar_type() == torch::kFloat32, "activations are bfloat16 or float32");
    f(float{});
  }
}

template <typename T>
T* pointer(const Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

// f(sample, row) over all rows of pictures.
template <typename F>
void for_each_row(const Tensor& x, F f) {
  int64_t rows = x.size(2), elements = x.size(1) * x.size(3);
  at::parallel_for(0, x.size(0) * rows, std::max<int64_t>(1, kRowGrain / elements),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) f(i / rows, i % rows);
                   });
}

class ScaleChannels : public torch::autograd::Function<ScaleChannels> {
 public:
  static Variable forward(AutogradContext* context, const Variable& input, const Variable& scale) {
    Tensor x = channels_last(input), s = scale.contiguous(), out = like(x, x.sizes());
    context->save_for_backward({x, s});
    int64_t channels = x.size(1), width = x.size(3), stride = channels * width;
    dispatch(x, [&](auto sample) {
      using T = decltype(sample);
      for_each_row(x, [&](int64_t n, int64_t row) {
        int64_t at = (n * x.size(2) + row) * stride;
        scale_row(pointer<T>(x) + at, s.data_ptr<float>() + n * channels, pointer<T>(out) + at, width,
                  channels);
      });
    });
    return out;
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &s = saved[1];
    Tensor grad = channels_last(gradients[0]), grad_x = like(x, x.sizes());
    int64_t channels = x.size(1), width = x.size(3), stride = channels * width;
    Tensor sums = torch::zeros({x.size(0), x.size(2), channels}, s.options());
    dispatch(x, [&](auto sample) {
      using T = decltype(sample);
      for_each_row(x, [&](int64_t n, int64_t row) {
        int64_t line = n * x.size(2) + row, at = line * stride;
        scale_row_backward(pointer<T>(grad) + at, pointer<T>(x) + at, s.data_ptr<float>() + n * channels,
                           pointer<T>(grad_x) + at, sums.data_ptr<float>() + line * channels, width,
                           channels);
      });
    });
    return {grad_x, sums.sum(1)};
  }
};

// Sizes of one noise slot, and where its rows lie.
struct SlotLayout {
  int64_t height, width, channels, features;
  bool interleaved;

  SlotLayout(const Tensor& y, const Tensor& e, bool parts)
      : height(e.size(2)),
        width(e.size(3)),
        channels(parts ? y.size(1) / 4 : y.size(1)),
        features(e.size(1)),
        interleaved(parts) {
    TORCH_CHECK(y.size(0) == e.size(0) && y.size(2) == (parts ? height / 2 + 1 : height) &&
                    y.size(3) == (parts ? width / 2 + 1 : width) && e.scalar_type() == y.scalar_type(),
                "the noise slot's inputs do not fit");
  }

  int64_t y_at(int64_t n, int64_t row) const {
    if (!interleaved) return (n * height + row) * width * channels;
    int64_t line = n * (height / 2 + 1) + row / 2 + (row & 1);
    return line * (width / 2 + 1) * 4 * channels + (row & 1) * 2 * channels;
  }
  template <typename T>
  SlotRow<T> row(const Tensor& y, const Tensor& e, const Tensor& out, int64_t n, int64_t line) const {
    int64_t at = (n * height + line) * width;
    return {pointer<T>(y) + y_at(n, line),
            pointer<T>(e) + at * features,
            pointer<T>(out) + at * (channels + features),
            width,
            channels,
            features,
            interleaved};
  }
};

class FinishSlot : public torch::autograd::Function<FinishSlot> {
 public:
  static Variable forward(AutogradContext* context, const Variable& values, const Variable& scale,
                          const Variable& bias, const Variable& features, const Variable& strength,
                          bool interleaved) {
    Tensor y = channels_last(values), e = channels_last(features), s = scale.contiguous();
    SlotLayout layout(y, e, interleaved);
    Tensor out = like(y, {e.size(0), layout.channels + layout.features, layout.height, layout.width});
    float amount = strength.item<float>();
    dispatch(y, [&](auto sample) {
      using T = decltype(sample);
      for_each_row(out, [&](int64_t n, int64_t line) {
        slot_row(layout.row<T>(y, e, out, n, line), s.data_ptr<float>() + n * layout.channels,
                 bias.data_ptr<float>(), amount);
      });
    });
    context->save_for_backward({y, s, e, strength, out});
    context->saved_data["interleaved"] = interleaved;
    return out;
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    auto saved = context->get_saved_variables();
    const Tensor &y = saved[0], &s = saved[1], &e = saved[2], &strength = saved[3], &out = saved[4];
    bool interleaved = context->saved_data["interleaved"].toBool();
    SlotLayout layout(y, e, interleaved);
    Tensor grad = channels_last(gradients[0]), grad_y = like(y, y.sizes()), grad_e = like(e, e.sizes());
    if (interleaved) grad_y.zero_();  // the parts' rims are not used
    int64_t sums_width = 2 * layout.channels + layout.features;
    Tensor sums = torch::zeros({e.size(0), layout.height, sums_width}, s.options());
    float amount = strength.item<float>();
    dispatch(y, [&](auto sample) {
      using T = decltype(sample);
      for_each_row(out, [&](int64_t n, int64_t line) {
        int64_t index = n * layout.height + line;
        SlotRowGradient<T> gradient{
            pointer<T>(grad) + index * layout.width * (layout.channels + layout.features),
            pointer<T>(grad_y) + layout.y_at(n, line),
            pointer<T>(grad_e) + index * layout.width * layout.features,
            sums.data_ptr<float>() + index * sums_width};
        slot_row_backward(layout.row<T>(y, e, out, n, line), gradient,
                          s.data_ptr<float>() + n * layout.channels, amount);
      });
    });
    sums = sums.sum(1);
    Tensor grad_scale = sums.slice(1, 0, layout.channels),
           grad_bias = sums.slice(1, layout.channels, 2 * layout.channels).sum(0),
           grad_strength = sums.slice(1, 2 * layout.channels).sum().view({1});
    return {grad_y, grad_scale, grad_bias, grad_e, grad_strength, Variable()};
  }
};
}  // namespace

Tensor scale_channels(const Tensor& x, const Tensor& scale) {
  if (x.is_cpu()) return ScaleChannels::apply(x, scale);
  return x * scale.to(x.scalar_type()).unsqueeze(-1).unsqueeze(-1);
}

Tensor finish_slot_plainly(const ModulatedConvImpl::Raw& raw, const Tensor& bias, const Tensor& features,
                           const Tensor& strength, bool interleaved) {
  Tensor y = interleaved ? interleave(raw.values) : raw.values;
  y = torch::addcmul(bias.to(y.scalar_type()).view({1, -1, 1, 1}), y,
                     raw.scale.to(y.scalar_type()).unsqueeze(-1).unsqueeze(-1));
  return torch::leaky_relu(torch::cat({y, features * strength.to(y.scalar_type())}, 1), kLeakySlope);
}

Tensor finish_slot(const ModulatedConvImpl::Raw& raw, const Tensor& bias, const Tensor& features,
                   const Tensor& strength, bool interleaved) {
  if (raw.values.is_cpu())
    return FinishSlot::apply(raw.values, raw.scale, bias, features, strength, interleaved);
  return finish_slot_plainly(raw, bias, features, strength, interleaved);
}

}  // namespace resyncer::nets
