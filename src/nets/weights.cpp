#include "resyncer/nets/weights.h"

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

namespace resyncer::nets {

namespace {
using core::DType;
using core::Error;
using core::ErrorKind;

// Parameters and buffers of all modules under their names in the file.
std::map<std::string, torch::Tensor> state_of(const std::vector<NamedModule>& modules) {
  std::map<std::string, torch::Tensor> state;
  for (const auto& [prefix, module] : modules) {
    for (const auto& item : module->named_parameters()) state[prefix + item.key()] = item.value();
    for (const auto& item : module->named_buffers()) state[prefix + item.key()] = item.value();
  }
  return state;
}

bool is_float(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

std::string shape_text(torch::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

// A list of names for one sentence; long lists are cut, or a wrong file would fill the screen.
std::string listed(const char* what, const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 24;
  if (names.empty()) return {};
  std::string text = std::string(what) + ": ";
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text + "; ";
}

// What is wrong with this tensor as a value for `wanted`, if anything.
enum class Fault { none, shape, type, not_finite };

Fault check(const core::TensorView& view, const torch::Tensor& wanted, torch::Tensor* value) {
  if (torch::IntArrayRef(view.shape) != wanted.sizes()) return Fault::shape;
  if (wanted.is_floating_point() != is_float(view.type)) return Fault::type;
  *value = to_tensor(view);
  if (value->is_floating_point() && !torch::isfinite(*value).all().item<bool>()) return Fault::not_finite;
  return Fault::none;
}
}  // namespace

torch::Tensor to_tensor(const core::TensorView& view) {
  torch::ScalarType type = torch::kInt64;
  switch (view.type) {
    case DType::f32:
      type = torch::kFloat32;
      break;
    case DType::f16:
      type = torch::kFloat16;
      break;
    case DType::bf16:
      type = torch::kBFloat16;
      break;
    case DType::i64:
      type = torch::kInt64;
      break;
    case DType::i32:
      type = torch::kInt32;
      break;
    case DType::u8:
      type = torch::kUInt8;
      break;
  }
  torch::Tensor raw = torch::empty(view.shape, type);
  if (view.bytes > 0) std::memcpy(raw.data_ptr(), view.data, view.bytes);
  return raw.to(is_float(view.type) ? torch::kFloat32 : torch::kInt64);
}

void add_tensor(core::TensorFileWriter* writer, const std::string& name, const torch::Tensor& tensor,
                Precision precision) {
  torch::Tensor value = tensor.detach().cpu();
  DType type = DType::i64;
  if (value.is_floating_point()) {
    type = precision == Precision::half ? DType::f16 : DType::f32;
    value = value.to(precision == Precision::half ? torch::kFloat16 : torch::kFloat32);
    if (!torch::isfinite(value).all().item<bool>())
      throw Error(ErrorKind::internal, "tensor '" + name + "' is not finite or too large to be saved",
                  "the network has diverged", "train with a lower learning rate");
  } else {
    value = value.to(torch::kInt64);
  }
  value = value.contiguous();
  writer->add(name, type, value.sizes().vec(), value.data_ptr());
}

void save_weights(const std::filesystem::path& path, const WeightsHeader& header,
                  const std::vector<NamedModule>& modules, Precision precision) {
  core::TensorFileWriter writer;
  for (const auto& [name, tensor] : state_of(modules)) add_tensor(&writer, name, tensor, precision);
  writer.set_meta("kind", header.kind);
  writer.set_meta("version", std::to_string(header.version));
  writer.set_meta("config", header.config);
  writer.write(path);
}

WeightsHeader read_weights_header(const core::TensorFile& file, const std::string& kind,
                                  std::int64_t version) {
  WeightsHeader header{file.meta("kind"), version, file.meta("config")};
  if (header.kind != kind)
    throw Error(ErrorKind::model, "is a '" + header.kind + "' file where a '" + kind + "' file is needed",
                file.place());
  if (file.meta("version") != std::to_string(version))
    throw Error(ErrorKind::model,
                "has version " + file.meta("version") + " where this program reads version " +
                    std::to_string(version),
                file.place(), "fetch the weights of this release");
  return header;
}

void load_weights(const core::TensorFile& file, const std::vector<NamedModule>& modules,
                  const std::vector<std::string>& others) {
  torch::NoGradGuard no_grad;
  auto state = state_of(modules);
  std::map<std::string, torch::Tensor> values;
  std::vector<std::string> missing, unexpected, misshaped, mistyped, not_finite;
  for (const auto& [name, wanted] : state) {
    if (!file.has(name)) {
      missing.push_back(name);
      continue;
    }
    const core::TensorView& view = file.get(name);
    switch (check(view, wanted, &values[name])) {
      case Fault::none:
        break;
      case Fault::shape:
        misshaped.push_back(name + " (" + shape_text(view.shape) + ", not " + shape_text(wanted.sizes()) +
                            ")");
        break;
      case Fault::type:
        mistyped.push_back(name + " (" + core::name(view.type) + ")");
        break;
      case Fault::not_finite:
        not_finite.push_back(name);
        break;
    }
  }
  for (const auto& item : file.tensors()) {
    bool known = state.count(item.first) > 0;
    for (const auto& other : others) known = known || item.first.compare(0, other.size(), other) == 0;
    if (!known) unexpected.push_back(item.first);
  }
  std::string faults = listed("missing", missing) + listed("unexpected", unexpected) +
                       listed("mis-shaped", misshaped) + listed("mis-typed", mistyped) +
                       listed("not finite", not_finite);
  if (!faults.empty())
    throw Error(ErrorKind::model,
                "the weights do not fit the network: " + faults.substr(0, faults.size() - 2), file.place(),
                "fetch or train the weights again");
  for (auto& [name, tensor] : state) tensor.copy_(values.at(name));
}

void read_config(const std::string& json, const std::string& place, const std::vector<ConfigField>& fields) {
  nlohmann::json object = nlohmann::json::parse(json, nullptr, false);
  if (object.is_discarded() || !object.is_object())
    throw Error(ErrorKind::model, "the network's config is not a JSON object", place);
  std::vector<std::string> missing, out_of_range, unknown;
  for (const auto& field : fields) {
    auto it = object.find(field.name);
    if (it == object.end()) {
      missing.emplace_back(field.name);
      continue;
    }
    bool fits =
        it->is_number_integer() && !(it->is_number_unsigned() && it->get<std::uint64_t>() > INT64_MAX);
    std::int64_t value = fits ? it->get<std::int64_t>() : 0;
    if (!fits || value < field.low || value > field.high)
      out_of_range.push_back(std::string(field.name) + " (" + std::to_string(field.low) + " to " +
                             std::to_string(field.high) + ")");
    else
      *field.value = value;
  }
  for (const auto& item : object.items()) {
    bool known = false;
    for (const auto& field : fields) known = known || item.key() == field.name;
    if (!known) unknown.push_back(item.key());
  }
  std::string faults = listed("missing", missing) + listed("unknown", unknown) +
                       listed("not an integer in range", out_of_range);
  if (!faults.empty())
    throw Error(ErrorKind::model, "the network's config does not fit: " + faults.substr(0, faults.size() - 2),
                place);
}

std::string write_config(const std::vector<ConfigField>& fields) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& field : fields) object[field.name] = *field.value;
  return object.dump();
}

}  // namespace resyncer::nets
