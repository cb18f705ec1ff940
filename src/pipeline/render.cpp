#include "resyncer/pipeline/render.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

#include "pipeline/face_swap.h"
#include "pipeline/film_strip.h"
#include "pipeline/frame_painter.h"
#include "pipeline/frame_source.h"
#include "pipeline/frame_workers.h"
#include "pipeline/label.h"
#include "pipeline/mouth_control.h"
#include "pipeline/painted_store.h"
#include "pipeline/render_plan.h"
#include "pipeline/speech_mel.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/personalize.h"
#include "resyncer/pipeline/provenance.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

struct Job {
  std::int64_t index = 0;
  media::VideoFrame frame;
  bool has_mask = false, in_strip = false;
  std::optional<PaintedSquares> kept;  // painted by a run that was ended before
};

struct Painted {
  media::VideoFrame frame;
  core::ImageU8 mask;
  std::optional<PaintedSquares> to_keep;
  std::unique_ptr<FilmStrip::Column> column;
};

void tell_of_damage(const media::VideoReader& source, std::vector<std::string>* notes) {
  if (const int pictures = source.left_out(); pictures > 0)
    notes->push_back("the video begins between key frames: " + std::to_string(pictures) +
                     " pictures before the first one cannot be decoded and are left out");
  if (const int packets = source.damaged_packets(); packets > 0)
    notes->push_back("packets of the picture that are damaged: " + std::to_string(packets));
}

class RenderLoop {
 public:
  // `scene`: but for the faces. `swap`: of the first face, or null.
  RenderLoop(const RenderOptions& options, const RenderPlan& plan, const SwapPlan* swap, const Scene& scene,
             RenderReport* report)
      : options_(options),
        plan_(plan),
        swap_(swap),
        report_(report),
        source_(options.input, {-1, options.threads, options.interlaced}, plan.timeline.source_pts,
                plan.timeline.shown),
        strip_(plan.weights()),
        writer_(options.output, source_.reader(), encoder(options), mux(options, plan.timeline.cut)) {
    for (const FacePlan& face : plan.faces) {
      scenes_.push_back(scene);
      scenes_.back().face = &face.face;
      scenes_.back().references = &face.references;
      scenes_.back().upright_from_stored = source_.reader().upright_from_stored();
    }
    if (!options.mask_out.empty()) {
      const auto& info = source_.reader().info();
      mask_writer_ = std::make_unique<media::MaskWriter>(
          options.mask_out, info.stored_width, info.stored_height, info.time_base, info.average_rate);
    }
    if (!options.painted.empty()) store_ = std::make_unique<PaintedStore>(options.painted);
  }

  void run(const ProgressSink& progress) {
    int threads =
        options_.threads > 0 ? options_.threads : int(std::max(1U, std::thread::hardware_concurrency()));
    FrameWorkers<Workspace, Job, Painted> workers(
        threads, [this](Workspace* work, Job job) { return paint(work, std::move(job)); });
    auto total = std::int64_t(plan_.timeline.shown.size());
    std::int64_t written = 0;
    auto write_oldest = [&] {
      write(workers.collect());
      progress({"render", ++written, total});
    };
    for (std::int64_t i = 0; i < total; ++i) {
      while (workers.pending() >= workers.capacity()) write_oldest();
      StageClock clock(&report_->stages, "decode");
      workers.submit(next_job(i));
    }
    while (workers.pending() > 0) write_oldest();
    for (const Workspace& work : workers.stop())
      for (const auto& [name, time] : work.stages) {
        report_->stages[name].seconds += time.seconds;
        report_->stages[name].frames += time.frames;
      }
    finish();
  }

 private:
  static media::EncoderOptions encoder(const RenderOptions& options) {
    media::EncoderOptions encoder = options.encoder;
    encoder.bit_exact = encoder.bit_exact || options.deterministic;
    if (encoder.threads == 0) encoder.threads = options.threads;
    return encoder;
  }
  static media::MuxOptions mux(const RenderOptions& options, std::optional<std::int64_t> end_pts) {
    return {options.input, options.speech, options.keep_source_audio,
            options.provenance ? provenance_statement(options) : media::Statement{}, end_pts};
  }

  Job next_job(std::int64_t index) {
    Job job{index, source_.next(index), mask_writer_ != nullptr || store_ != nullptr,
            !options_.preview.empty() && strip_.wants(index), std::nullopt};
    if (store_) job.kept = store_->read(job.frame.layout());
    if (job.kept) ++report_->resumed_frames;
    return job;
  }

  Painted paint(Workspace* work, Job job) const {
    const auto frame = std::size_t(job.index);
    Painted painted;
    if (job.has_mask) painted.mask = core::ImageU8(job.frame.layout().width, job.frame.layout().height, 1);
    core::ImageU8* mask = job.has_mask ? &painted.mask : nullptr;
    const Scene* shown = nullptr;  // the first face that is repainted, in the film strip
    const FrameTask* shown_task = nullptr;
    for (std::size_t k = 0; k < scenes_.size(); ++k) {
      const FrameTask& task = plan_.faces[k].tasks[frame];
      if (task.params == nullptr) continue;
      if (shown == nullptr) {
        shown = &scenes_[k];
        shown_task = &task;
        if (job.in_strip) {
          painted.column = std::make_unique<FilmStrip::Column>();
          painted.column->frame = job.index;
          FilmStrip::before(*shown, task, job.frame, painted.column.get());
        }
      }
      if (job.kept) continue;
      if (!options_.speech.empty()) paint_frame(scenes_[k], task, work, &job.frame, mask);
      if (swap_ != nullptr) swap_face(scenes_[k], *swap_, task, swap_->tasks[frame], work, &job.frame, mask);
    }
    if (job.kept) put_squares(*job.kept, &job.frame, &painted.mask);
    if (shown != nullptr && !job.kept) draw_label(shown->label, &job.frame, mask, &work->compose);
    if (store_ && !job.kept) painted.to_keep = take_squares(job.frame, painted.mask);
    if (painted.column) FilmStrip::after(*shown, *shown_task, job.frame, painted.column.get());
    painted.frame = std::move(job.frame);
    return painted;
  }

  void write(Painted painted) {
    StageClock clock(&report_->stages, "encode");
    if (mask_writer_) mask_writer_->write(painted.mask, painted.frame.pts());
    writer_.write(painted.frame);
    if (painted.to_keep) store_->add(*painted.to_keep);
    if (painted.column) strip_.add(std::move(*painted.column));
  }

  void finish() {
    StageClock clock(&report_->stages, "finish");
    plan_.inputs.check();
    if (!options_.preview.empty()) strip_.write(options_.preview);
    if (mask_writer_) mask_writer_->finish();
    writer_.finish();
    if (store_) store_->remove();
    report_->audio_action = writer_.audio_action();
    tell_of_damage(source_.reader(), &report_->notes);
    const auto& left_out = writer_.left_out();
    report_->notes.insert(report_->notes.end(), left_out.begin(), left_out.end());
  }

  const RenderOptions& options_;
  const RenderPlan& plan_;
  const SwapPlan* swap_;
  std::vector<Scene> scenes_;  // one a face
  RenderReport* report_;
  FrameSource source_;
  FilmStrip strip_;
  media::VideoWriter writer_;
  std::unique_ptr<media::MaskWriter> mask_writer_;
  std::unique_ptr<PaintedStore> store_;  // null: nothing is kept
};

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t(usage.ru_maxrss) * 1024;
}

// The network loads while the video is analysed.
std::future<std::unique_ptr<generator::RewiredGenerator>> load_network(const RenderOptions& options,
                                                                       const ModelSet& models,
                                                                       const std::filesystem::path& person,
                                                                       RenderReport* report) {
  if (options.renderer != Renderer::network || options.speech.empty()) return {};
  generator::GeneratorOptions settings = with_person(models, person);
  bool bf16 = !options.deterministic && generator::fast_bf16();
  settings.precision = bf16 ? generator::Precision::bf16 : generator::Precision::fp32;
  settings.use_cuda = !options.deterministic;
  report->precision = bf16 ? "bf16" : "fp32";
  return std::async(std::launch::async, [file = models.get("generator").file, settings] {
    return std::make_unique<generator::RewiredGenerator>(file, settings);
  });
}

core::Patch make_label(const RenderOptions& options) {
  if (options.label.empty()) return {};
  const media::VideoReader reader(options.input, {-1, 1});
  return label_patch(options.label, reader.info().stored_width, reader.info().stored_height,
                     reader.upright_from_stored());
}

// The person file to render with, made first where that is wanted; empty = nobody's.
std::filesystem::path person_of(const RenderOptions& options, const ModelSet& models,
                                const ProgressSink& progress, RenderReport* report) {
  if (options.adapt_minutes <= 0) return options.person;
  PersonalizeOptions adaptation;
  adaptation.input = options.input;
  adaptation.face = options.face;
  adaptation.tracker = options.tracker;
  adaptation.use_cache = options.use_cache;
  adaptation.cache_folder = options.cache_folder;
  adaptation.minutes = options.adapt_minutes;
  auto start = SteadyClock::now();
  auto person = personalize_cached(adaptation, models, progress, &report->person_cached);
  report->adaptation_seconds = seconds_since(start);
  return person;
}

}  // namespace

RenderReport render(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress) {
  auto start = SteadyClock::now();
  RenderReport report;
  for (const char* id : {"face-model", "motion", "generator"}) check_file(models.get(id));
  if (!options.speech.empty()) check_speech(options.speech);
  check_controls(options.mouth, options.input);
  if (!options.speech_stem.empty()) check_speech(options.speech_stem);
  for (const Speaker& turn : options.speakers)
    if (!turn.speech.empty()) check_speech(turn.speech);
  check_swap(options);
  media::VideoReader(options.input,
                     {-1, 1, options.interlaced});  // refuses now what it would refuse in the end
  if (options.provenance) check_consent_note(options.consent_note);
  Scene scene;
  scene.label = make_label(options);
  const std::filesystem::path person = person_of(options, models, progress, &report);
  generator::prepare_process(1);  // frames are the unit of parallel work, not the operators inside them

  std::future<Ingredients> ingredients;  // read while the video is analysed
  if (options.provenance)
    ingredients = std::async(std::launch::async, [&] { return hash_ingredients(options, person); });
  auto network = load_network(options, models, person, &report);
  RenderPlan plan = make_plan(options, models, progress, &report);
  std::optional<SwapPlan> swap;
  if (!options.identity.empty()) swap = plan_swap(options, models, plan, progress, &report);
  std::unique_ptr<generator::RewiredGenerator> loaded = network.valid() ? network.get() : nullptr;

  // Not before: what two threads decode and free by turns would tear holes into kept memory, 5 kB for every
  // frame analysed.
  generator::keep_freed_memory();
  scene.model = &plan.model;
  scene.network = loaded.get();
  if (loaded) scene.side = loaded->side();
  RenderLoop(options, plan, swap ? &*swap : nullptr, scene, &report).run(progress);

  const std::vector<float> weights = plan.weights();
  report.frames = std::int64_t(weights.size());
  report.repainted_frames = std::count_if(weights.begin(), weights.end(), [](float w) { return w > 0; });
  if (options.provenance) write_provenance(options, models, report, ingredients.get());
  report.wall_seconds = seconds_since(start);
  report.peak_memory_bytes = peak_memory();
  return report;
}

}  // namespace resyncer::pipeline
