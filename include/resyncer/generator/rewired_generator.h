// The rewired style-based generator (ReSyncer, section 3.2) at run time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

// What the network answers: for every pixel how much of each warped reference to take, and what to add. The
// picture is
//   sum_k weight_k * reference_k(warp) + residual,
// so that at any resolution the sharpness is that of the person's own pixels.
struct Painting {
  core::ImageF weights;      // side x side x kReferences, sum 1
  core::ImageF residual;     // side x side x 3, [-1, 1]; with the light once finish_painting() was called
  core::ImageF spread = {};  // scratch of finish_painting()
};

// True where this CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX).
bool fast_bf16();

enum class Precision { automatic, bf16, fp32 };

struct GeneratorOptions {
  Precision precision = Precision::automatic;  // bf16 where the CPU has AVX512-BF16 or AMX, else fp32
  bool use_cuda = true;                        // when LibTorch has it
  std::filesystem::path
      person;        // offsets for one person (nets/person.h), added while loading; empty = nobody
  std::string base;  // SHA-256 of the weights' file, which the person's file must name
};

// Thread-safe: several threads may call paint() at once.
class RewiredGenerator {
 public:
  // Throws Error{model}: for the weights and for the person's file.
  explicit RewiredGenerator(const std::filesystem::path& weights, const GeneratorOptions& options = {});
  ~RewiredGenerator();

  int side() const;
  bool adapted() const;  // to a person, by at least one offset
  void paint(const Guidance& guidance, Painting* out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

constexpr float kResidualCm = 0.1F;  // what is smaller is the business of the patch

// Makes the painting fit to be repeated at full resolution. Of the residual only what is coarser than
// kResidualCm and stronger than noise stays: in a crop it also removes the references' grain and restores
// what the blend had lost, and both are the patch's own business there; and no more of it than the mean of
// the references is likely to be off by (Guidance::doubt, and how much they differ there). Then the light of
// the references (Guidance::light), weighted as they are, is added to it. Of an adapted network the whole
// coarse part stays: what it adds it has learned from this very person, as no noise and no mistake of a
// stranger's.
void finish_painting(const Guidance& guidance, bool adapted, Painting* painting);

// Threads inside LibTorch's operators, for this process.
void prepare_process(int threads);
// Gives what has been freed back to the kernel, and tells glibc's allocator to keep what will be.
void keep_freed_memory();

}  // namespace resyncer::generator
