#include "clip_rows.h"

#include <algorithm>
#include <cmath>

#include "resyncer/generator/guidance.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/prepare.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::pipeline {

namespace {

// The middle of the generator's crop, reduced.
core::Affine2 mouth_from_frame(const mesh::Vertices& neutral) {
  const float side = sync::kMouthWidth * generator::kCropWidthCm / sync::kMouthWidthCm;
  core::Affine2 crop = generator::crop_from_frame(neutral, int(std::lround(side)));
  crop.pretranslate(core::Point2::Constant((sync::kMouthWidth - std::round(side)) / 2));
  return crop;
}

void take_mouth(const core::ImageU8& square, std::uint8_t* out) {
  constexpr int kAbove = (sync::kMouthWidth - sync::kMouthHeight) / 2;
  for (int y = 0; y < sync::kMouthHeight; ++y)
    for (int x = 0; x < sync::kMouthWidth; ++x) {
      const std::uint8_t* rgb = &square.at(x, y + kAbove);
      *out++ = std::uint8_t((77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2] + 128) >> 8);  // Rec. 601
    }
}

}  // namespace

ClipRows clip_rows(const std::filesystem::path& video, const Analysis& analysis, const FittedFace& face,
                   const mesh::FaceModel& model, double sound_delay) {
  ClipRows out;
  double sound_start = 0;
  out.mel = speech::mel_spectrogram(media::read_audio(video, 16000, &sound_start));
  out.start = sound_start - sound_delay;

  // Per frame: the speech coefficients, then the openness.
  int width = model.speech_count + 1;
  auto frames = std::size_t(analysis.frame_count());
  std::vector<float> table(frames * std::size_t(width)), confidence(frames, 0.F);
  std::vector<const float*> values(frames, nullptr);
  std::vector<double> times(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    times[i] = analysis.centre_seconds(std::int64_t(i));
    const core::FaceObservation* seen = face.smoothed(analysis, std::int64_t(i));
    if (!face.frames[i] || seen == nullptr) continue;
    const core::FaceObservation* raw = face.raw(analysis, std::int64_t(i));
    float* row = table.data() + i * std::size_t(width);
    Eigen::Map<Eigen::VectorXf>(row, model.speech_count) =
        face.frames[i]->expression.head(model.speech_count);
    row[width - 1] = core::mouth_openness((raw != nullptr ? raw : seen)->landmarks);
    values[i] = row;
    confidence[i] = face.weight[i] > 0 ? seen->score : 0.F;
  }
  MotionRows rows =
      resample_motion(times, values, confidence, width, out.start, std::size_t(out.mel.frames / kMelPerRow));
  out.confidence = std::move(rows.confidence);
  for (std::size_t i = 0; i < out.confidence.size(); ++i) {
    const float* row = rows.values.data() + i * std::size_t(width);
    out.expression.insert(out.expression.end(), row, row + width - 1);
    out.openness.push_back(row[width - 1]);
  }
  return out;
}

void add_mouths(const std::filesystem::path& video, const Analysis& analysis, const FittedFace& face,
                const mesh::FaceModel& model, ClipRows* rows) {
  constexpr std::size_t kBytes = std::size_t{sync::kMouthWidth} * sync::kMouthHeight;
  rows->mouth.assign(rows->count() * kBytes, 0);
  media::ReaderOptions reading;
  reading.threads = 1;
  media::VideoReader reader(video, reading);
  const Eigen::VectorXf still = Eigen::VectorXf::Zero(model.expression_count());
  core::ImageU8 scratch, square;
  std::size_t row = 0;
  for (std::int64_t frame = 0; frame < analysis.frame_count() && row < rows->count(); ++frame) {
    std::optional<media::VideoFrame> picture = reader.read();
    if (!picture) break;
    // The rows up to half way to the next frame are this one's.
    const bool last = frame + 1 == analysis.frame_count();
    const double end =
        last ? INFINITY : (analysis.centre_seconds(frame) + analysis.centre_seconds(frame + 1)) / 2;
    const std::size_t first = row;
    while (row < rows->count() && rows->start + (double(row) + 0.5) / kRowRate < end) ++row;
    const auto& params = face.frames[std::size_t(frame)];
    if (row == first || !params) continue;
    const mesh::Vertices neutral = mesh::project(mesh::control_vertices(model, face.identity, still),
                                                 params->camera_from_head, face.camera);
    take_crop(*picture, reader.upright_from_stored(), mouth_from_frame(neutral), sync::kMouthWidth, &scratch,
              &square);
    take_mouth(square, rows->mouth.data() + first * kBytes);
    for (std::size_t copy = first + 1; copy < row; ++copy)
      std::copy_n(rows->mouth.data() + first * kBytes, kBytes, rows->mouth.data() + copy * kBytes);
  }
}

}  // namespace resyncer::pipeline
