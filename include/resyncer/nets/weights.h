// Weight files: the state (parameters and buffers) of torch modules in a safetensors file, strictly checked.
// Metadata: "kind" (which network), "version" (of its layout), "config" (flat JSON object of integers).
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"

namespace resyncer::nets {

enum class Precision { half, full };  // of floating-point tensors on disk; integers stay int64

struct WeightsHeader {
  std::string kind;
  std::int64_t version = 1;
  std::string config = "{}";  // JSON text
};

// A module and what stands before the names of its tensors in the file ("" or e.g. "speech.").
struct NamedModule {
  std::string prefix;
  torch::nn::Module* module;
};

// Throws Error{output} when the file cannot be written, Error{internal} when a value is not finite (or not in
// range of the precision): a diverged network is never written.
void save_weights(const std::filesystem::path& path, const WeightsHeader& header,
                  const std::vector<NamedModule>& modules, Precision precision = Precision::half);

// The file's header; throws Error{model} unless kind and version are these.
WeightsHeader read_weights_header(const core::TensorFile& file, const std::string& kind,
                                  std::int64_t version);

// Copies the tensors of the file into the modules (on their own devices, in their own dtypes). Throws one
// Error{model} that lists every missing, unexpected, mis-shaped and mis-typed tensor and every one with NaN
// or infinity; the modules are changed only when nothing is wrong. Names outside all prefixes are unexpected
// too, unless they begin with one of `others` (a checkpoint holds more than weights).
void load_weights(const core::TensorFile& file, const std::vector<NamedModule>& modules,
                  const std::vector<std::string>& others = {});

// Tensors in and out of tensor files, on the CPU: float types become float32 (or stay as they are), integers
// int64.
torch::Tensor to_tensor(const core::TensorView& view);
void add_tensor(core::TensorFileWriter* writer, const std::string& name, const torch::Tensor& tensor,
                Precision precision);

// One integer of a network's config, with the range that is legal for it.
struct ConfigField {
  const char* name;
  std::int64_t* value;
  std::int64_t low, high;
};

// Reads a flat JSON object of exactly these integers. Throws one Error{model} that lists every field that is
// missing, unknown or out of range.
void read_config(const std::string& json, const std::string& place, const std::vector<ConfigField>& fields);
std::string write_config(const std::vector<ConfigField>& fields);

}  // namespace resyncer::nets
