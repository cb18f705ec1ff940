#include "generator_batches.h"

namespace resyncer::train {

FaceBatch FaceBatch::to(torch::Device device) const {
  if (device.is_cpu()) return *this;
  return {guidance.to(device), truth.to(device), mouth.to(device), mouth_middle};
}

FaceBatch make_batch(const FacesDataset& dataset, const mesh::FaceModel& model,
                     const std::vector<FrameId>& frames, const SampleOptions& options,
                     std::mt19937_64* random, SampleScratch* scratch) {
  const auto n = std::int64_t(frames.size()), side = std::int64_t(dataset.side());
  torch::Tensor guidance = torch::empty({n, side, side, generator::kGuidancePlanes}),
                truth = torch::empty({n, side, side, 3}), mouth = torch::empty({n, side, side, 1});
  FaceBatch batch;
  for (std::int64_t i = 0; i < n; ++i) {
    SamplePlanes planes{guidance[i].data_ptr<float>(), truth[i].data_ptr<float>(),
                        mouth[i].data_ptr<float>()};
    make_sample(dataset, model, frames[std::size_t(i)], options, random, scratch, &planes);
    batch.mouth_middle.emplace_back(planes.mouth_x, planes.mouth_y);
  }
  batch.guidance = guidance.permute({0, 3, 1, 2});
  batch.truth = truth.permute({0, 3, 1, 2});
  batch.mouth = mouth.permute({0, 3, 1, 2});
  return batch;
}

FaceBatches::FaceBatches(const FacesDataset& dataset, const mesh::FaceModel& model,
                         const SampleOptions& options, int size, std::uint64_t seed, std::int64_t first,
                         int workers)
    : dataset_(dataset),
      model_(model),
      options_(options),
      size_(size),
      seed_(seed),
      ahead_(workers + 2),
      to_build_(first),
      to_give_(first) {
  for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
}

FaceBatches::~FaceBatches() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

FaceBatch FaceBatches::build(std::int64_t number, SampleScratch* scratch) const {
  std::seed_seq words{std::uint32_t(seed_), std::uint32_t(seed_ >> 32), std::uint32_t(number),
                      std::uint32_t(number >> 32)};
  std::mt19937_64 random(words);
  std::vector<FrameId> frames;
  frames.reserve(std::size_t(size_));
  for (int i = 0; i < size_; ++i) frames.push_back(dataset_.frames()[random() % dataset_.frames().size()]);
  return make_batch(dataset_, model_, frames, options_, &random, scratch);
}

void FaceBatches::work() {
  SampleScratch scratch;
  while (true) {
    std::int64_t number = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || failure_ || to_build_ < to_give_ + ahead_; });
      if (stop_ || failure_) return;
      number = to_build_++;
    }
    FaceBatch batch;
    std::exception_ptr failure;
    try {
      batch = build(number, &scratch);
    } catch (...) {
      failure = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    if (failure) failure_ = failure;
    ready_.emplace(number, std::move(batch));
    changed_.notify_all();
  }
}

FaceBatch FaceBatches::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return failure_ || ready_.count(to_give_) > 0; });
  if (failure_) std::rethrow_exception(failure_);
  FaceBatch batch = std::move(ready_.at(to_give_));
  ready_.erase(to_give_++);
  changed_.notify_all();
  return batch;
}

}  // namespace resyncer::train
