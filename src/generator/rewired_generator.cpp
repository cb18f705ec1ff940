#include "resyncer/generator/rewired_generator.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "cpu_painter.h"
#include "resyncer/core/error.h"
#include "resyncer/nets/person.h"
#include "resyncer/nets/weights.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace resyncer::generator {

namespace {
using core::Error;
using core::ErrorKind;
using torch::Tensor;

nets::RewiredGenerator load(const std::filesystem::path& path) {
  core::TensorFile file(path);
  nets::RewiredGenerator network(nets::read_generator_shape(file, kReferences));
  nets::load_weights(file, {{"", network.get()}});
  return network;
}
}  // namespace

bool fast_bf16() {
#if defined(__x86_64__)
  // Leaf 7, sub-leaf 1, EAX bit 5: AVX512-BF16 (Cooper Lake, Sapphire Rapids, Zen 4 and later). The kernel of
  // the operating system must save the AVX-512 registers too, which __builtin_cpu_supports checks.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __builtin_cpu_supports("avx512f") != 0 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 &&
         (eax & (1U << 5)) != 0;
#else
  return false;
#endif
}

struct RewiredGenerator::Impl {
  nets::RewiredGenerator network{nullptr};
  std::unique_ptr<CpuPainter> painter;  // null: CUDA
  bool adapted = false;

  void paint_on_cuda(const Guidance& guidance, Painting* out) const {
    const int64_t side = guidance.side;
    auto planes =
        torch::from_blob(const_cast<float*>(guidance.planes.data.data()), {1, side, side, kGuidancePlanes})
            .to(torch::kCUDA)
            .permute({0, 3, 1, 2});
    nets::Painted painted = network->forward(planes, torch::kBFloat16);
    auto copy = [&](const Tensor& from, core::ImageF* to) {
      Tensor rows = from[0].permute({1, 2, 0}).contiguous().cpu();
      to->width = to->height = int(side);
      to->channels = int(rows.size(2));
      to->data.assign(rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel());
    };
    copy(painted.weights, &out->weights);
    copy(painted.residual, &out->residual);
  }
};

RewiredGenerator::RewiredGenerator(const std::filesystem::path& weights, const GeneratorOptions& options)
    : impl_(std::make_unique<Impl>()) {
  try {
    c10::InferenceMode inference;
    impl_->network = load(weights);
    if (!options.person.empty()) {
      core::TensorFile person(options.person);
      nets::add_person(person, options.base, impl_->network.get());
      impl_->adapted = !person.tensors().empty();
    }
    if (options.use_cuda && torch::cuda::is_available()) {
      impl_->network->to(torch::kCUDA);
      return;
    }
    bool bf16 =
        options.precision == Precision::bf16 || (options.precision == Precision::automatic && fast_bf16());
    impl_->painter = std::make_unique<CpuPainter>(impl_->network, bf16 ? torch::kBFloat16 : torch::kFloat32);
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::model, std::string("LibTorch: ") + e.what_without_backtrace(), weights.string());
  }
}

RewiredGenerator::~RewiredGenerator() = default;

int RewiredGenerator::side() const { return int(impl_->network->shape().side); }

bool RewiredGenerator::adapted() const { return impl_->adapted; }

void RewiredGenerator::paint(const Guidance& guidance, Painting* out) const {
  if (guidance.side <= 0 || guidance.side % 32 != 0 || guidance.planes.width != guidance.side ||
      guidance.planes.height != guidance.side || guidance.planes.channels != kGuidancePlanes)
    throw Error(ErrorKind::internal, "the guidance has the wrong shape for the generator");
  try {
    at::init_num_threads();  // OpenMP's thread count belongs to the calling thread
    c10::InferenceMode inference;
    if (impl_->painter)
      impl_->painter->paint(guidance, out);
    else
      impl_->paint_on_cuda(guidance, out);
  } catch (const c10::Error& e) {
    throw Error(ErrorKind::internal, std::string("LibTorch: ") + e.what_without_backtrace(), "generator");
  }
}

namespace {
// OpenBLAS has one work area for each call at a time, and where a call finds no memory for its own it asks
// again for ever. So room is looked for here, where its lack can be told: for those of this thread and of two
// that load networks and read speech beside it. The first is then taken.
void take_blas_work_area(int threads) {
  constexpr std::size_t kBytes = std::size_t{136} << 20;  // BUFFER_SIZE of its builds for x86-64, and some
  void* volatile room =
      std::malloc(kBytes * (std::size_t(threads) + 2));  // volatile: or it is optimised away
  if (room == nullptr) throw std::bad_alloc();
  std::free(room);
  (void)at::mm(at::ones({64, 64}), at::ones({64, 64}));
}
}  // namespace

void prepare_process(int threads) {
  at::set_num_threads(std::max(threads, 1));
  take_blas_work_area(std::max(threads, 1));
}

void keep_freed_memory() {
  malloc_trim(0);
  // Activations of some MB come and go with every layer. By default glibc maps each anew, and the kernel
  // clears its pages: that takes longer than the convolutions.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000000000);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace resyncer::generator
