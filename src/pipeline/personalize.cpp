#include "resyncer/pipeline/personalize.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <system_error>

#include "face_rows.h"
#include "measure_painting.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/content_hash.h"
#include "resyncer/train/personalize.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

// Raised whenever the same footage and options would give another person.
constexpr int kAdaptationVersion = 2;
constexpr std::size_t kMostFrames = 600;  // learned from: 118 MB of pictures
constexpr float kMaxError = 0.05F;        // of a frame's fit, in outer-eye distances
constexpr int kMeasuredFrames = 40;
constexpr double kMeasuredGap = 2;  // s between a measured frame and its references

fs::path cache_folder(const PersonalizeOptions& options) {
  if (!options.use_cache) return {};
  return options.cache_folder.empty() ? default_cache_folder() : options.cache_folder;
}

AnalysisOptions analysis_options(const PersonalizeOptions& options) {
  AnalysisOptions analysis;
  analysis.tracker = options.tracker;
  return analysis;
}

// The frames to learn from and to measure on. Those of the reference bank are always among them: they lend,
// as in a render.
std::vector<int> choose_frames(const std::vector<int>& usable, const std::set<std::int64_t>& bank) {
  std::vector<int> chosen;
  const std::size_t most = std::min(kMostFrames, usable.size());
  for (std::size_t i = 0; i < usable.size(); ++i) {
    const bool due = i * most / usable.size() != (i + 1) * most / usable.size();
    if (due || bank.count(usable[i]) > 0) chosen.push_back(usable[i]);
  }
  return chosen;
}

FaceRows read_rows(const PersonalizeOptions& options, const Analysis& analysis, const FittedFace& face,
                   const mesh::FaceModel& model, int side, const std::vector<int>& frames,
                   const std::set<std::int64_t>& bank, const generator::MouthAligner& mouths,
                   const ProgressSink& progress) {
  media::VideoReader reader(options.input);
  RowMaker maker(model, side, &mouths);
  FaceRows rows;
  for (int frame = 0, next = 0; std::size_t(next) < frames.size(); ++frame) {
    std::optional<media::VideoFrame> picture = reader.read();
    if (!picture)
      throw Error(ErrorKind::input, "the video is shorter now than when it was analysed",
                  options.input.string(), "leave the file alone while it is learned from");
    if (frame != frames[std::size_t(next)]) continue;
    maker.add(analysis, face, frame, 0, 0, *picture, reader.upright_from_stored(), &rows);
    rows.lends.push_back(bank.count(frame) > 0 ? 1 : 0);
    if (progress) progress({"read", ++next, std::int64_t(frames.size())});
  }
  return rows;
}

// Frames among these that the trainer holds out: the last share of their time.
std::vector<std::int64_t> held_out_frames(const Analysis& analysis, const std::vector<int>& frames,
                                          double share) {
  const double first = analysis.centre_seconds(frames.front()), last = analysis.centre_seconds(frames.back());
  std::vector<std::int64_t> held;
  for (int frame : frames)
    if (analysis.centre_seconds(frame) >= last - share * (last - first)) held.push_back(frame);
  return held;
}

train::PersonResult learn(const PersonalizeOptions& options, const ModelSet& models, core::TensorFile faces,
                          const fs::path& out, const ProgressSink& progress) {
  train::PersonOptions training;
  training.face_model = models.get("face-model").file;
  training.base = models.get("generator").file;
  training.base_hash = models.get("generator").sha256;
  training.output = out;
  training.checkpoint = options.checkpoint;
  training.resume = options.resume;
  training.minutes = options.minutes;
  training.steps = options.steps;
  training.held_out = options.held_out;
  training.seed = options.seed;
  if (options.learning_rate > 0) training.learning_rate = options.learning_rate;
  std::vector<core::TensorFile> files;
  files.push_back(std::move(faces));
  return train::personalize(std::move(files), training, [&](const train::PersonProgress& p) {
    if (p.measured != nullptr && options.measured) options.measured(p.step, p.measured->psnr, p.best);
    const auto total = std::int64_t(std::llround(double(p.step) / std::max(p.done, 1e-3)));
    if (progress) progress({"learn", p.step, std::max(total, p.step), "steps"});
  });
}

// A person file that can be used; what cannot is made again.
bool fits(const ModelSet& models, const fs::path& person) {
  std::error_code ignored;
  if (!fs::exists(person, ignored)) return false;
  try {
    generator::RewiredGenerator(models.get("generator").file, with_person(models, person));
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

PersonalizeReport personalize(const PersonalizeOptions& options, const ModelSet& models,
                              const ProgressSink& progress) {
  for (const char* id : {"face-model", "generator"}) check_file(models.get(id));
  core::OutputFile output(options.output);
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const generator::RewiredGenerator base(models.get("generator").file);
  Analysis analysis =
      analyse_cached(options.input, analysis_options(options), {cache_folder(options), {}}, progress);
  const FittedFace face = fit(analysis, model, options.face);

  std::vector<int> usable = well_fitted(analysis, face, model, kMaxError);
  const Stretch used{{0, true}, options.until};
  usable.erase(std::remove_if(usable.begin(), usable.end(),
                              [&](int frame) { return !contains(used, analysis, frame); }),
               usable.end());
  std::set<std::int64_t> bank;
  for (const BankFrame& entry : analysis.bank) bank.insert(entry.frame);
  const std::vector<int> frames = choose_frames(usable, bank);
  if (frames.size() < 2)
    throw Error(ErrorKind::input, "the footage is too short to learn a person from it",
                options.input.string(), "give some seconds in which the face is clearly seen");
  const std::vector<std::int64_t> held = held_out_frames(analysis, frames, options.held_out);
  const References references = take_references(&analysis, face, model);
  FaceRows rows =
      read_rows(options, analysis, face, model, base.side(), frames, bank, *references.mouths, progress);
  core::TensorFile faces(
      faces_file(std::move(rows), base.side(), model, models.get("face-model").sha256).bytes(),
      options.input.string(), ErrorKind::input);

  const train::PersonResult learned = learn(options, models, std::move(faces), output.temporary(), progress);
  PersonalizeReport report;
  report.frames = std::int64_t(frames.size() - held.size());
  report.steps = learned.steps;
  report.best_step = learned.best_step;
  generator::GeneratorOptions with_offsets = with_person(models, output.temporary());
  const generator::RewiredGenerator adapted(models.get("generator").file, with_offsets);
  const PaintingFigures painted =
      measure_painting({options.input, analysis, face, references, model}, {&base, &adapted},
                       evenly(held, kMeasuredFrames), kMeasuredGap);
  report.held_out_frames = painted.frames;
  report.before = painted.painters[0];
  report.after = painted.painters[1];
  report.improved = painted.frames > 0 && report.after.psnr > report.before.psnr;
  if (!report.improved) train::write_unchanged_person(output.temporary(), models.get("generator").sha256);
  output.commit();
  return report;
}

fs::path personalize_cached(PersonalizeOptions options, const ModelSet& models, const ProgressSink& progress,
                            bool* from_cache) {
  const fs::path folder = cache_folder(options);
  if (folder.empty())
    throw Error(ErrorKind::usage, "adapting in a render needs the cache", "",
                "run resyncer personalize and give its file with --person");
  const track::FaceChoice& choice = options.face;
  std::ostringstream text;
  text << cache_key(options.input, analysis_options(options)) << '|' << kAdaptationVersion << '|'
       << models.get("generator").sha256 << '|' << models.get("face-model").sha256 << '|'
       << choice.index.value_or(-1) << '|' << options.until.value << options.until.is_share << '|'
       << options.minutes << '|' << options.steps << '|' << options.held_out << '|' << options.learning_rate
       << '|' << options.seed;
  if (choice.point) text << '|' << choice.point->transpose();
  if (choice.box)
    text << '|' << choice.box->left << ' ' << choice.box->top << ' ' << choice.box->right << ' '
         << choice.box->bottom;
  options.output = folder / (content_hash(text.str().data(), text.str().size()) + kPersonSuffix);
  const core::KeyedLock lock = lock_in_cache(options.output);
  const bool known = fits(models, options.output);
  if (from_cache != nullptr) *from_cache = known;
  if (known) {
    mark_used(options.output);
    return options.output;
  }
  personalize(options, models, progress);
  limit_size({folder, {}});
  return options.output;
}

}  // namespace resyncer::pipeline
