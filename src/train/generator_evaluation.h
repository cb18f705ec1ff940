// Held-out measurements of the generator against its references alone.
#pragma once

#include <filesystem>

#include "generator_batches.h"
#include "resyncer/nets/rewired_generator.h"
#include "resyncer/train/generator.h"

namespace resyncer::train {

struct HeldOutResult {
  HeldOutFigures network, first_reference, mean_reference;
};

// Every how-many-th of the frames, `count` in all, with references `gap` seconds away. A picture sheet of
// the first samples is written to `sheet` (PPM: truth, masked, mesh, first reference, mean of references,
// result) unless empty.
HeldOutResult measure_generator(nets::RewiredGenerator& network, const FacesDataset& dataset,
                                const std::vector<FrameId>& frames, const mesh::FaceModel& model, int count,
                                double gap, torch::ScalarType compute, const std::filesystem::path& sheet);

// Of one picture (1 x 3 x H x W, [0, 1]) inside a mask (1 x 1 x H x W).
double masked_psnr(const torch::Tensor& picture, const torch::Tensor& truth, const torch::Tensor& mask);
double masked_ssim(const torch::Tensor& picture, const torch::Tensor& truth, const torch::Tensor& mask);
double masked_sharpness(const torch::Tensor& picture,
                        const torch::Tensor& mask);  // variance of the Laplacian

}  // namespace resyncer::train
