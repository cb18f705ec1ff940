#include "checkpoint.h"

#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <type_traits>

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;
using core::TensorFile;
using core::TensorFileWriter;

// The key of a parameter in Optimizer::state(): its address, as text in LibTorch 1.x, as a pointer in 2.x.
template <typename Map>
typename Map::key_type state_key(const Map&, const torch::Tensor& parameter) {
  if constexpr (std::is_same_v<typename Map::key_type, std::string>) {
    std::ostringstream text;
    text << parameter.unsafeGetTensorImpl();
    return text.str();
  } else {
    return parameter.unsafeGetTensorImpl();
  }
}

// Calls visit(name, parameter) for every parameter of the optimizer, in its own order.
void each_parameter(const std::string& prefix, torch::optim::Optimizer* optimizer,
                    const std::function<void(const std::string&, const torch::Tensor&)>& visit) {
  std::size_t index = 0;
  for (auto& group : optimizer->param_groups())
    for (auto& parameter : group.params()) visit("optimizer." + prefix + std::to_string(index++), parameter);
}

template <typename State>
void save_moments(TensorFileWriter* writer, const std::string& name, const State& moments) {
  nets::add_tensor(writer, name + ".step", torch::tensor({std::int64_t(moments.step())}),
                   nets::Precision::full);
  nets::add_tensor(writer, name + ".mean", moments.exp_avg(), nets::Precision::full);
  nets::add_tensor(writer, name + ".square", moments.exp_avg_sq(), nets::Precision::full);
}

void save_optimizer(TensorFileWriter* writer, const std::string& prefix, torch::optim::Optimizer* optimizer) {
  each_parameter(prefix, optimizer, [&](const std::string& name, const torch::Tensor& parameter) {
    auto& all = optimizer->state();
    auto it = all.find(state_key(all, parameter));
    if (it == all.end()) return;  // not stepped yet
    if (const auto* adamw = dynamic_cast<const torch::optim::AdamWParamState*>(it->second.get()))
      save_moments(writer, name, *adamw);
    else if (const auto* adam = dynamic_cast<const torch::optim::AdamParamState*>(it->second.get()))
      save_moments(writer, name, *adam);
    else
      throw Error(ErrorKind::internal, "only Adam and AdamW can be saved in a checkpoint");
  });
}

torch::Tensor fitting(const TensorFile& file, const std::string& name, torch::IntArrayRef shape,
                      torch::ScalarType type = torch::kFloat32) {
  torch::Tensor value = nets::to_tensor(file.get(name));
  if (value.sizes() != shape || value.scalar_type() != type || !torch::isfinite(value).all().item<bool>())
    throw Error(ErrorKind::model, "tensor '" + name + "' does not fit the training", file.place(),
                "start the training anew");
  return value;
}

template <typename State>
std::unique_ptr<State> load_moments(const TensorFile& file, const std::string& name,
                                    const torch::Tensor& parameter) {
  auto moments = std::make_unique<State>();
  moments->step(fitting(file, name + ".step", {1}, torch::kInt64).item<std::int64_t>());
  moments->exp_avg(fitting(file, name + ".mean", parameter.sizes()).to(parameter.device()));
  moments->exp_avg_sq(fitting(file, name + ".square", parameter.sizes()).to(parameter.device()));
  return moments;
}

void load_optimizer(const TensorFile& file, const std::string& prefix, torch::optim::Optimizer* optimizer) {
  bool adamw = dynamic_cast<torch::optim::AdamW*>(optimizer) != nullptr;
  each_parameter(prefix, optimizer, [&](const std::string& name, const torch::Tensor& parameter) {
    auto& all = optimizer->state();
    auto key = state_key(all, parameter);
    all.erase(key);
    if (!file.has(name + ".step")) return;
    if (adamw)
      all[key] = load_moments<torch::optim::AdamWParamState>(file, name, parameter);
    else
      all[key] = load_moments<torch::optim::AdamParamState>(file, name, parameter);
  });
}

// Generators of torch: the CPU's, and the first CUDA device's where there is one.
std::vector<std::pair<std::string, at::Generator>> generators() {
  std::vector<std::pair<std::string, at::Generator>> all;
  all.emplace_back("random.cpu", at::globalContext().defaultGenerator(at::Device(at::kCPU)));
  if (torch::cuda::is_available())
    all.emplace_back("random.cuda", at::globalContext().defaultGenerator(at::Device(at::kCUDA, 0)));
  return all;
}

void save_random(TensorFileWriter* writer, const std::mt19937_64* random) {
  if (random != nullptr) {
    std::ostringstream text;
    text << *random;
    writer->set_meta("random", text.str());
  }
  for (auto& [name, generator] : generators()) {
    std::lock_guard<std::mutex> lock(generator.mutex());
    torch::Tensor bytes = generator.get_state().cpu().contiguous();
    writer->add(name, core::DType::u8, bytes.sizes().vec(), bytes.data_ptr());
  }
}

void load_random(const TensorFile& file, std::mt19937_64* random) {
  if (random != nullptr) {
    std::istringstream text(file.meta("random"));
    text >> *random;
    if (!text) throw Error(ErrorKind::model, "the state of the random numbers is damaged", file.place());
  }
  for (auto& [name, generator] : generators()) {
    if (!file.has(name)) continue;  // saved on a machine of another kind
    const core::TensorView& view = file.get(name, core::DType::u8, {-1});
    torch::Tensor bytes = torch::empty({view.count()}, torch::kUInt8);
    std::memcpy(bytes.data_ptr(), view.data, view.bytes);
    std::lock_guard<std::mutex> lock(generator.mutex());
    try {
      generator.set_state(bytes);
    } catch (const c10::Error&) {
      throw Error(ErrorKind::model, "the state of the random numbers is damaged", file.place());
    }
  }
}
}  // namespace

void save_checkpoint(const std::filesystem::path& path, const nets::WeightsHeader& header,
                     const TrainingState& state) {
  TensorFileWriter writer;
  writer.set_meta("kind", header.kind);
  writer.set_meta("version", std::to_string(header.version));
  writer.set_meta("config", header.config);
  for (const auto& [prefix, module] : state.modules) {
    for (const auto& item : module->named_parameters())
      nets::add_tensor(&writer, prefix + item.key(), item.value(), nets::Precision::full);
    for (const auto& item : module->named_buffers())
      nets::add_tensor(&writer, prefix + item.key(), item.value(), nets::Precision::full);
  }
  for (const auto& [prefix, optimizer] : state.optimizers) save_optimizer(&writer, prefix, optimizer);
  writer.add("step", core::DType::i64, {1}, state.step);
  for (const auto& [name, value] : state.figures) {
    std::int64_t bits = 0;  // the exact double, infinities too
    std::memcpy(&bits, value, sizeof(bits));
    writer.add("figure." + name, core::DType::i64, {1}, &bits);
  }
  save_random(&writer, state.random);
  writer.write(path);
}

void load_checkpoint(const std::filesystem::path& path, const nets::WeightsHeader& header,
                     const TrainingState& state) {
  TensorFile file(path);
  auto found = nets::read_weights_header(file, header.kind, header.version);
  if (found.config != header.config)
    throw Error(ErrorKind::model,
                "belongs to a training with other settings (" + found.config + ", not " + header.config + ")",
                file.place(), "resume with the same settings, or start anew");
  // A checkpoint holds more than weights: the strict loader leaves the rest alone.
  nets::load_weights(file, state.modules, {"optimizer.", "random.", "figure.", "step"});
  for (const auto& [prefix, optimizer] : state.optimizers) load_optimizer(file, prefix, optimizer);
  std::memcpy(state.step, file.get("step", core::DType::i64, {1}).data, sizeof(std::int64_t));
  if (*state.step < 0) throw Error(ErrorKind::model, "the number of steps is negative", file.place());
  for (const auto& [name, value] : state.figures)
    std::memcpy(value, file.get("figure." + name, core::DType::i64, {1}).data, sizeof(double));
  load_random(file, state.random);
}

void seed_all(std::uint64_t seed, std::mt19937_64* random) {
  torch::manual_seed(seed);  // CUDA's generators too
  if (random != nullptr) random->seed(seed);
}

void update_average(torch::nn::Module* target, const torch::nn::Module& source, double decay) {
  torch::NoGradGuard no_grad;
  auto to = target->parameters(), from = source.parameters();
  TORCH_CHECK(to.size() == from.size(), "the average has another structure");
  for (std::size_t i = 0; i < to.size(); ++i) to[i].lerp_(from[i], 1.0 - decay);
  auto to_buffers = target->buffers(), from_buffers = source.buffers();
  for (std::size_t i = 0; i < to_buffers.size(); ++i) to_buffers[i].copy_(from_buffers[i]);
}

}  // namespace resyncer::train
