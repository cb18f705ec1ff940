// Batches of face samples, built ahead by threads of their own. Batch i depends only on the seed and on i, so
// the number of threads changes nothing and a resumed run sees what an uninterrupted one would have seen.
#pragma once

#include <torch/torch.h>

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "faces_dataset.h"

namespace resyncer::train {

struct FaceBatch {
  torch::Tensor guidance;  // N x kGuidancePlanes x S x S, float32, channels-last
  torch::Tensor truth;     // N x 3 x S x S
  torch::Tensor mouth;     // N x 1 x S x S
  std::vector<std::pair<std::int64_t, std::int64_t>> mouth_middle;  // x, y px

  torch::Tensor mask() const { return guidance.slice(1, 3, 4); }
  FaceBatch to(torch::Device device) const;
};

// All of `frames`, as they are (for measurements: options.augment = false).
FaceBatch make_batch(const FacesDataset& dataset, const mesh::FaceModel& model,
                     const std::vector<FrameId>& frames, const SampleOptions& options,
                     std::mt19937_64* random, SampleScratch* scratch);

class FaceBatches {
 public:
  // Of dataset.frames(), starting with batch number `first`. `dataset` and `model` must outlive this.
  FaceBatches(const FacesDataset& dataset, const mesh::FaceModel& model, const SampleOptions& options,
              int size, std::uint64_t seed, std::int64_t first, int workers);
  ~FaceBatches();
  FaceBatches(const FaceBatches&) = delete;
  FaceBatches& operator=(const FaceBatches&) = delete;

  FaceBatch next();  // throws what a worker threw

 private:
  void work();
  FaceBatch build(std::int64_t number, SampleScratch* scratch) const;

  const FacesDataset& dataset_;
  const mesh::FaceModel& model_;
  SampleOptions options_;
  int size_;
  std::uint64_t seed_;
  std::int64_t ahead_;  // how many batches may wait

  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t to_build_, to_give_;
  std::map<std::int64_t, FaceBatch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace resyncer::train
