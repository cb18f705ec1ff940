#include "pipeline/aligned_mouths.h"

#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

void align_mouths(const std::filesystem::path& video, const mesh::FaceModel& model, Analysis* analysis,
                  FittedFace* face) {
  const References references = take_references(analysis, *face, model);
  media::VideoReader reader(video, {-1, 1});
  core::ImageU8 scratch;
  for (std::size_t i = 0; i < face->frames.size(); ++i) {
    const std::optional<media::VideoFrame> picture = reader.read();
    if (!picture)
      throw core::Error(core::ErrorKind::input, "the video is shorter now than when it was analysed",
                        video.string(), "leave the file alone while it is read");
    if (!face->frames[i] || face->weight[i] <= 0) continue;
    generator::MouthView mouth =
        mouth_view(model, *face, std::int64_t(i), analysis->centre_seconds(std::int64_t(i)));
    take_crop(*picture, reader.upright_from_stored(), mouth.picture_from_frame, generator::kMouthPicture,
              &scratch, &mouth.picture);
    Eigen::VectorXf& expression = face->frames[i]->expression;
    expression = 0.5F * (expression + references.mouths->align(mouth));
  }
}

}  // namespace resyncer::pipeline
