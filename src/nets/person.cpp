#include "resyncer/nets/person.h"

#include "resyncer/nets/weights.h"

namespace resyncer::nets {

namespace {
using core::Error;
using core::ErrorKind;

const std::string kGeneratorGroup = "generator.";
constexpr const char* kRemedy = "run resyncer personalize again";

void check_header(const core::TensorFile& file, const std::string& base) {
  if (file.meta("kind") != kPersonKind)
    throw Error(ErrorKind::model, "is a '" + file.meta("kind") + "' file where a 'person' file is needed",
                file.place());
  if (file.meta("version") != std::to_string(kPersonVersion))
    throw Error(ErrorKind::model,
                "has version " + file.meta("version") + " where this program reads version " +
                    std::to_string(kPersonVersion),
                file.place(), kRemedy);
  if (file.meta("base") != base)
    throw Error(ErrorKind::model, "was made for other weights of the generator than these", file.place(),
                kRemedy);
}

// The weight with the tensor added to it.
torch::Tensor sum(const core::TensorFile& file, const std::string& name, const core::TensorView& view,
                  const torch::Tensor& weight) {
  auto fail = [&](const char* what) {
    throw Error(ErrorKind::model, "tensor '" + name + "' " + what, file.place(), kRemedy);
  };
  if (view.type != core::DType::f16) fail("is not of float16");
  if (torch::IntArrayRef(view.shape) != weight.sizes()) fail("has not the shape of the weight");
  torch::Tensor total = weight + to_tensor(view).to(weight.device());
  if (!torch::isfinite(total).all().item<bool>()) fail("holds no sensible numbers");
  return total;
}
}  // namespace

void save_person(const std::filesystem::path& path, const std::string& base, const Offsets& generator) {
  core::TensorFileWriter writer;
  writer.set_meta("kind", kPersonKind);
  writer.set_meta("version", std::to_string(kPersonVersion));
  writer.set_meta("base", base);
  for (const auto& [name, offset] : generator)
    add_tensor(&writer, kGeneratorGroup + name, offset, Precision::half);
  writer.write(path);
}

void add_person(const core::TensorFile& file, const std::string& base, torch::nn::Module* generator) {
  torch::NoGradGuard no_grad;
  check_header(file, base);
  auto weights = generator->named_parameters();
  std::map<std::string, torch::Tensor> sums;
  for (const auto& [name, view] : file.tensors()) {
    const bool grouped = name.compare(0, kGeneratorGroup.size(), kGeneratorGroup) == 0;
    const std::string weight = grouped ? name.substr(kGeneratorGroup.size()) : name;
    if (!grouped || !weights.contains(weight))
      throw Error(ErrorKind::model, "tensor '" + name + "' is an offset to no weight of the generator",
                  file.place(), kRemedy);
    sums[weight] = sum(file, name, view, weights[weight]);
  }
  for (const auto& [weight, total] : sums) weights[weight].copy_(total);
}

}  // namespace resyncer::nets
