// Person files: what is added to a network's weights so that it paints one person better (ReSyncer's
// personalised fine-tuning; dW and dP of StyleSync). A file holds offsets in float16 and no weights: it is
// worth nothing without the base that it was made for, and refused with any other.
//
// Metadata: "kind" = "person", "version", "base" (SHA-256 of the base's file). Tensors: "generator." and the
// name of a weight. A weight that is not in the file stays as it is: a file without tensors changes nothing.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

#include "resyncer/core/tensor_file.h"

namespace resyncer::nets {

constexpr const char* kPersonKind = "person";
constexpr std::int64_t kPersonVersion = 1;

using Offsets = std::map<std::string, torch::Tensor>;  // by the weight's name

// Throws Error{output}, and Error{internal} when an offset is not finite or too large.
void save_person(const std::filesystem::path& path, const std::string& base, const Offsets& generator);

// Adds the offsets of the file to the generator's weights. Throws one Error{model} unless kind, version and
// base are right, every name is a weight's and has its shape, and every number is finite, the sums too; the
// generator is changed only when nothing is wrong.
void add_person(const core::TensorFile& file, const std::string& base, torch::nn::Module* generator);

}  // namespace resyncer::nets
