#include "generator_evaluation.h"

#include <cmath>
#include <fstream>

#include "generator_losses.h"
#include "resyncer/core/output_file.h"

namespace resyncer::train {

namespace {
using torch::Tensor;

Tensor luma(const Tensor& picture) {
  return 0.299 * picture.slice(1, 0, 1) + 0.587 * picture.slice(1, 1, 2) + 0.114 * picture.slice(1, 2, 3);
}

// The same blend as the network's first answer, from the given references.
Tensor blended(const Tensor& guidance, int64_t references, bool first_only) {
  Tensor valid = nets::validity_planes(guidance, references).clone();
  if (first_only && references > 1)
    valid.slice(1, 1).mul_(1e-6);  // the others only where the first does not cover
  Tensor weights = valid / (valid.sum(1, true) + 1e-12);
  return nets::compose({weights, torch::zeros_like(guidance.slice(1, 0, 3))}, guidance);
}

void add(HeldOutFigures* figures, const Tensor& picture, const Tensor& truth, const Tensor& mask,
         double share) {
  figures->psnr += share * masked_psnr(picture, truth, mask);
  figures->ssim += share * masked_ssim(picture, truth, mask);
  figures->sharpness +=
      share * masked_sharpness(picture, mask) / std::max(masked_sharpness(truth, mask), 1e-9);
}

void write_sheet(const std::filesystem::path& path, const std::vector<Tensor>& rows) {
  Tensor sheet =
      (torch::cat(rows, 2)[0].permute({1, 2, 0}).clamp(0, 1) * 255 + 0.5).to(torch::kUInt8).contiguous();
  core::OutputFile output(path);
  std::ofstream stream(output.temporary(), std::ios::binary);
  stream << "P6\n" << sheet.size(1) << ' ' << sheet.size(0) << "\n255\n";
  stream.write(static_cast<const char*>(sheet.data_ptr()), sheet.numel());
  stream.close();
  if (!stream)
    throw core::Error(core::ErrorKind::output, "writing failed", path.string(), "is the disk full?");
  output.commit();
}
}  // namespace

double masked_psnr(const Tensor& picture, const Tensor& truth, const Tensor& mask) {
  double error =
      ((picture - truth).square() * mask).sum().item<double>() / (3 * mask.sum().item<double>() + 1e-9);
  return -10 * std::log10(std::max(error, 1e-10));
}

double masked_ssim(const Tensor& picture, const Tensor& truth, const Tensor& mask) {
  auto mean = [](const Tensor& x) { return torch::avg_pool2d(x.contiguous(), 7, 1); };
  Tensor x = luma(picture), y = luma(truth), mx = mean(x), my = mean(y);
  Tensor vx = mean(x * x) - mx * mx, vy = mean(y * y) - my * my, cov = mean(x * y) - mx * my;
  const double c1 = 1e-4, c2 = 9e-4;  // (0.01 L)^2, (0.03 L)^2 at L = 1
  Tensor ssim = (2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
  Tensor inner = mask.slice(2, 3, -3).slice(3, 3, -3);
  return (ssim * inner).sum().item<double>() / (inner.sum().item<double>() + 1e-9);
}

double masked_sharpness(const Tensor& picture, const Tensor& mask) {
  Tensor x = luma(picture), inner = mask.slice(2, 1, -1).slice(3, 1, -1);
  Tensor laplacian = 4 * x.slice(2, 1, -1).slice(3, 1, -1) - x.slice(2, 0, -2).slice(3, 1, -1) -
                     x.slice(2, 2).slice(3, 1, -1) - x.slice(2, 1, -1).slice(3, 0, -2) -
                     x.slice(2, 1, -1).slice(3, 2);
  double area = inner.sum().item<double>() + 1e-9, mean = (laplacian * inner).sum().item<double>() / area;
  return ((laplacian - mean).square() * inner).sum().item<double>() / area;
}

HeldOutResult measure_generator(nets::RewiredGenerator& network, const FacesDataset& dataset,
                                const std::vector<FrameId>& frames, const mesh::FaceModel& model, int count,
                                double gap, torch::ScalarType compute, const std::filesystem::path& sheet) {
  torch::NoGradGuard no_grad;
  constexpr std::size_t kSheetRows = 8;
  HeldOutResult result;
  std::vector<Tensor> rows;
  std::size_t samples = std::min(frames.size(), std::size_t(std::max(count, 1)));
  SampleScratch scratch;
  std::mt19937_64 random(0);  // not drawn from without augmentation
  for (std::size_t i = 0; i < samples; ++i) {
    FrameId frame = frames[(2 * i + 1) * frames.size() / (2 * samples)];
    FaceBatch batch = make_batch(dataset, model, {frame}, {gap, false}, &random, &scratch);
    Tensor on_device = batch.guidance.to(network->constant.device());
    nets::Painted parts = network(on_device, compute);
    parts.residual = coarse_part(parts.residual);
    Tensor painted = nets::compose(parts, on_device).cpu();
    Tensor mask = batch.mask().contiguous(), truth = batch.truth;
    auto inside = [&](const Tensor& picture) { return picture.clamp(0, 1) * mask + truth * (1 - mask); };
    int64_t references = network->shape().references;
    Tensor answer = inside(painted), first = inside(blended(batch.guidance, references, true)),
           mean = inside(blended(batch.guidance, references, false));
    double share = 1.0 / double(samples);
    add(&result.network, answer, truth, mask, share);
    add(&result.first_reference, first, truth, mask, share);
    add(&result.mean_reference, mean, truth, mask, share);
    if (!sheet.empty() && i * kSheetRows / samples >= rows.size() && rows.size() < kSheetRows)
      rows.push_back(torch::cat({truth, batch.guidance.slice(1, 0, 3),
                                 batch.guidance.slice(1, 4, 5).expand_as(truth), first, mean, answer},
                                3));
  }
  if (!rows.empty()) write_sheet(sheet, rows);
  return result;
}

}  // namespace resyncer::train
