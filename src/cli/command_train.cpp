#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/command.h"
#include "resyncer/mesh/face_model.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/train/closures.h"
#include "resyncer/train/face_model.h"
#include "resyncer/train/generator.h"
#include "resyncer/train/identity.h"
#include "resyncer/train/motion.h"
#include "resyncer/train/speech.h"
#include "resyncer/train/sync.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

// What every trainer of a network takes.
template <typename Options>
void add_training(CLI::App* command, Options* o, std::vector<fs::path>* datasets) {
  command->add_option("datasets", *datasets, "Dataset files (resyncer prepare)")->required();
  command->add_option("-o,--output", o->output, "Weights (safetensors)")->required();
  command->add_option("--checkpoint", o->checkpoint, "State to resume from, written as the training goes");
  command->add_flag("--resume", o->resume, "Go on from the checkpoint");
  command->add_option("--curve", o->curve, "CSV of the loss");
  command->add_option("--steps", o->steps, "Steps");
  command->add_option("--minutes", o->minutes, "Stop after so many minutes");
  command->add_option("--seed", o->seed, "Seed");
  command->add_option("--batch", o->batch, "Samples a step");
  command->add_option("--learning-rate", o->learning_rate, "Peak learning rate");
  command->add_option("--report-every", o->report_every, "Steps between lines");
  command->add_option("--evaluate-every", o->evaluate_every, "Steps between measurements and checkpoints");
}

template <typename Options>
void add_held_out(CLI::App* command, Options* o) {
  command->add_option("--held-out", o->held_out, "Dataset files to measure on, never learned from");
}

void add_face_model(CLI::App* parent, Run* run) {
  struct Flags {
    fs::path landmarks, output;
    train::FaceModelOptions options;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = parent->add_subcommand("face-model", "Learn the face model's bases");
  command->add_option("landmarks", flags->landmarks, "Measured 3D landmarks (ICT-FaceKit figures, JSON)")
      ->required();
  command->add_option("-o,--output", flags->output, "Face model (safetensors)")->required();
  command->add_option("--tracks", flags->options.tracks,
                      "Tracked faces to refine on (resyncer prepare tracks)");
  command->add_option("--rounds", flags->options.rounds, "Rounds of refinement");
  command->add_option("--seed", flags->options.seed, "Seed");
  command->callback([=] {
    *run = [=] {
      train::FaceModelReport report;
      mesh::save_face_model(train::train_face_model(flags->landmarks, flags->options, &report),
                            flags->output);
      if (!flags->options.tracks.empty())
        spdlog::info("mean reprojection error on the tracks: {:.2f} % before, {:.2f} % after refinement",
                     100 * report.error_before, 100 * report.error_after);
    };
  });
}

std::string per_file(const train::MotionFigure& figure) {
  std::string files;
  for (double f : figure.per_file) files += fmt::format(" {:.3f}", f);
  return files;
}

void report_motion(const train::MotionProgress& p) {
  spdlog::info(
      "step {}/{} {:.0f} s loss {:.4f} (vertex {:.4f} velocity {:.4f} opening {:.4f} follow {:.3f} spread "
      "{:.3f} sync {:.3f})",
      p.step, p.steps, p.seconds, p.loss, p.vertex, p.velocity, p.opening, p.follow, p.spread, p.sync);
  if (p.held_out == nullptr) return;
  double amplitude = 0;
  for (double a : p.held_out->amplitude) amplitude += a / double(p.held_out->amplitude.size());
  spdlog::info("step {} held out: correlation {:.3f}, per file{}, amplitude {:.2f}{}", p.step,
               p.held_out->mean, per_file(*p.held_out), amplitude, p.best ? " (best)" : "");
}

void add_motion(CLI::App* parent, GlobalOptions* global, Run* run) {
  auto o = std::make_shared<train::MotionTrainOptions>();
  CLI::App* command = parent->add_subcommand("motion", "Fit speech encoder and Style-SyncFormer together");
  add_training(command, o.get(), &o->datasets);
  add_held_out(command, o.get());
  command->add_option("--init-encoder", o->speech_start,
                      "Encoder weights to start from (resyncer train speech)");
  command->add_flag("--freeze-encoder", o->freeze_encoder, "Leave the encoder as --init-encoder has it");
  command->add_option("--history-drop", o->history_drop, "Probability that a window knows no past at all");
  command->add_option("--history-noise", o->history_noise, "Sigma of the noise on past meshes");
  command->add_option("--own-history", o->own_history,
                      "Share of steps whose past are the network's own meshes");
  command->add_option("--style-drop", o->style_drop, "Probability of the mean style");
  command->add_option("--dropout", o->dropout, "Dropout");
  command->add_option("--weight-decay", o->weight_decay, "Weight decay");
  command->add_option("--opening-weight", o->opening_weight, "Weight of the lip-opening term");
  command->add_option("--vertex-weight", o->vertex_weight, "Weight of the vertices' term");
  command->add_option("--velocity-weight", o->velocity_weight, "Weight of the velocity term");
  command->add_option("--follow-weight", o->follow_weight, "Weight of the correlation of openings");
  command->add_option("--spread-weight", o->spread_weight, "Weight of the deviation of openings");
  command->add_option("--speech-weight", o->speech_weight, "Weight of all terms for the direct path alone");
  command->add_option("--sync-expert", o->sync_expert, "Sync expert (resyncer train sync --expert)");
  command->add_option("--sync-weight", o->sync_weight, "Weight of what it says against the meshes");
  command->add_option("--closure-weight", o->closure_weight,
                      "More weight on the opening where lips are shut");
  command->add_option("--speaker-balance", o->speaker_balance,
                      "A speaker is drawn with probability ~ frames ^ this");
  command->add_option("--frames", o->frames, "Frames of a window");
  command->add_option("--average-decay", o->average_decay, "Decay of the averaged weights");
  command->add_option("--speech-channels", o->speech_channels, "Channels of the speech encoder");
  command->add_option("--speech-blocks", o->speech_blocks, "Blocks of the speech encoder");
  command->add_option("--speech-cycle", o->speech_cycle, "Blocks after which its dilations begin again at 1");
  command->add_option("--layers", o->layers, "Blocks of the Style-SyncFormer");
  command->add_option("--components", o->components, "Principal components of real motion that it speaks in");
  command->add_option("--direct", o->direct, "Direct path from speech to mesh beside the attention");
  command->add_option("--augment", o->augment, "Augment the mel");
  command->callback([=] {
    *run = [=] {
      mesh::FaceModel model =
          mesh::load_face_model(pipeline::find_models(global->models_folder()).get("face-model").file);
      o->progress = report_motion;
      train::MotionTrainResult result = train::train_motion(*o, model);
      spdlog::info("best held-out correlation {:.3f} after {} steps", result.held_out, result.step);
    };
  });
}

void report_speech(const train::SpeechProgress& p) {
  spdlog::info("step {}/{} {:.0f} s loss {:.4f}", p.step, p.steps, p.seconds, p.loss);
  if (p.held_out != nullptr)
    spdlog::info("step {} held out: accuracy {:.3f}, mean recall {:.3f}{}", p.step, p.held_out->accuracy,
                 p.held_out->mean_recall, p.best ? " (best)" : "");
}

void add_speech(CLI::App* parent, Run* run) {
  auto o = std::make_shared<train::SpeechTrainOptions>();
  CLI::App* command = parent->add_subcommand("speech", "Pre-train the speech encoder");
  add_training(command, o.get(), &o->datasets);
  command->add_option("--held-out-every", o->held_out_every, "Every k-th voice is kept out of training");
  command->add_option("--init-encoder", o->start, "Encoder weights to start from (resyncer train speech)");
  command->add_option("--units", o->units,
                      "Name so many units of sound, found by k-means, not the files' labels");
  command->add_option("--mask", o->mask,
                      "Hide this share of the speech, and have what is hidden named alone");
  command->callback([=] {
    *run = [=] {
      o->progress = report_speech;
      train::SpeechTrainResult result = train::train_speech(*o);
      spdlog::info("best mean recall {:.3f} after {} steps", result.best.mean_recall, result.step);
      const auto [rarest, commonest] = std::minmax_element(result.share.begin(), result.share.end());
      spdlog::info("{} classes, the rarest {:.2f} %, the commonest {:.1f} % of the frames",
                   result.share.size(), 100 * *rarest, 100 * *commonest);
    };
  });
}

void report_sync(const train::SyncProgress& p) {
  spdlog::info("step {}/{} {:.0f} s loss {:.4f}", p.step, p.steps, p.seconds, p.loss);
  if (p.held_out == nullptr) return;
  const train::SyncFigure& f = *p.held_out;
  spdlog::info(
      "step {} held out: above shifted {:.1f} % of {}, above others {:.1f} % of {}, offset right {:.1f} % of "
      "{}, "
      "confidence {:.3f}{}",
      p.step, 100 * f.above_shifted, f.windows, 100 * f.above_others, f.pairs, 100 * f.offset_right, f.clips,
      f.confidence, p.best ? " (best)" : "");
}

void add_sync(CLI::App* parent, GlobalOptions* global, Run* run) {
  auto o = std::make_shared<train::SyncTrainOptions>();
  CLI::App* command = parent->add_subcommand("sync", "Fit the judge of sync, or the sync expert");
  add_training(command, o.get(), &o->datasets);
  add_held_out(command, o.get());
  command->add_flag("--expert", o->expert, "Fit the expert, which may serve as a loss, not the judge");
  command->add_option("--meshes", o->meshes, "Look at the fitted meshes");
  command->add_option("--pictures", o->pictures, "Look at pictures of the mouth");
  command->add_option("--of-a-speaker", o->of_a_speaker, "Windows of one speaker in a batch");
  command->add_option("--rows", o->rows, "Rows of a window");
  command->add_option("--stretch", o->stretch, "Moments that are compared as one");
  command->add_option("--width", o->width, "Width of a row inside a tower");
  command->add_option("--embedding", o->embedding, "Width of a moment's vector");
  command->add_option("--blocks", o->blocks, "Blocks of a tower");
  command->add_flag("--dilated", o->dilated, "Dilations 1, 2, 4, ... instead of 1 throughout");
  command->add_flag("--banded", o->banded, "Convolutions along the bands of the speech first");
  command->add_option("--mean-reach", o->mean_reach,
                      "Rows on either side whose mean is taken off; 0: the whole clip's");
  command->add_option("--hard-weight", o->hard_weight,
                      "Wrong stretches of the same clip count so many times");
  command->add_option("--dropout", o->dropout, "Dropout");
  command->add_option("--weight-decay", o->weight_decay, "Weight decay");
  command->add_option("--average-decay", o->average_decay, "Decay of the averaged weights");
  command->add_option("--speaker-balance", o->speaker_balance,
                      "A speaker is drawn with probability ~ rows ^ this");
  command->add_option("--augment", o->augment, "Augment sound, meshes and pictures");
  command->callback([=] {
    *run = [=] {
      mesh::FaceModel model =
          mesh::load_face_model(pipeline::find_models(global->models_folder()).get("face-model").file);
      o->progress = report_sync;
      train::SyncTrainResult result = train::train_sync(*o, model.speech_count);
      spdlog::info("best held-out figure {:.3f} after {} steps", result.best.mean(), result.step);
    };
  });
}

void add_generator(CLI::App* parent, GlobalOptions* global, Run* run) {
  auto o = std::make_shared<train::GeneratorTrainingOptions>();
  CLI::App* command = parent->add_subcommand("generator", "Fit the rewired generator");
  add_training(command, o.get(), &o->data);
  add_held_out(command, o.get());
  command->add_option("--initial", o->initial, "Weights to start from");
  command->add_option("--side", o->side, "Side of the pictures, px");
  command->add_option("--min-gap", o->min_gap, "Seconds between a frame and its references");
  command->add_option("--adversarial-from", o->adversarial_from,
                      "Step from which the discriminator takes part");
  command->add_option("--adversarial-weight", o->adversarial_weight, "Weight of the adversarial term");
  command->add_option("--feature-weight", o->feature_weight, "Weight of discriminator feature matching");
  command->add_option("--held-out-samples", o->held_out_samples, "Samples in a measurement");
  command->add_option("--sheets", o->sheets, "Folder for pictures of held-out samples");
  command->add_option("--bf16", o->bf16, "Compute in bfloat16");
  command->add_option("--augment", o->augment, "Augment the pictures");
  command->callback([=] {
    *run = [=] {
      o->face_model = pipeline::find_models(global->models_folder()).get("face-model").file;
      train::train_generator(*o, [](const std::string& line) { spdlog::info("{}", line); });
    };
  });
}

void add_closures(CLI::App* parent, GlobalOptions* global, Run* run) {
  auto o = std::make_shared<train::ClosureTrainOptions>();
  CLI::App* command =
      parent->add_subcommand("closures", "Tell from finished motion weights where lips are shut");
  command->add_option("datasets", o->datasets, "Dataset files (resyncer prepare motion --phones)")
      ->required();
  command->add_option("--weights", o->weights, "Motion weights (resyncer train motion)")->required();
  command->add_option("-o,--output", o->output, "The same weights with it (safetensors)")->required();
  command->add_option("--ridge", o->ridge, "Pull on squared weights");
  add_held_out(command, o.get());
  command->callback([=] {
    *run = [=] {
      const mesh::FaceModel face =
          mesh::load_face_model(pipeline::find_models(global->models_folder()).get("face-model").file);
      const train::ClosureFigure f = train::train_closures(*o, face);
      spdlog::info("{} of {} bilabials told, {} of {} other rows", f.found, f.bilabials, f.false_rows,
                   f.rows);
      if (o->held_out.empty()) return;
      for (const auto& file : {o->weights, o->output})
        spdlog::info("{} held out: correlation{}", file.filename().string(),
                     per_file(train::measure_motion(file, o->held_out, face)));
    };
  });
}

void report_identity(const train::IdentityProgress& p) {
  spdlog::info("step {}/{} {:.0f} s loss {:.4f}", p.step, p.steps, p.seconds, p.loss);
  if (p.held_out != nullptr)
    spdlog::info("held out: equal error {:.1f} %, ranked right {:.1f} % of {} x {} pairs{}",
                 100 * p.held_out->equal_error, 100 * p.held_out->ranked_right, p.held_out->same,
                 p.held_out->different, p.best ? " (best)" : "");
}

void add_identity(CLI::App* parent, Run* run) {
  auto o = std::make_shared<train::IdentityTrainOptions>();
  CLI::App* command = parent->add_subcommand("identity", "Fit the identity network, which measures swaps");
  add_training(command, o.get(), &o->datasets);
  add_held_out(command, o.get());
  command->add_option(
      "--left-out", o->left_out,
      "Share of the wrong pictures that may show the same person, where people are not known");
  command->add_option("--width", o->width, "Channels of the first convolution");
  command->add_option("--embedding", o->embedding, "Width of a face's vector");
  command->add_option("--dropout", o->dropout, "Dropout");
  command->callback([=] {
    *run = [=] {
      o->progress = report_identity;
      const train::IdentityTrainResult result = train::train_identity(*o);
      spdlog::info("best held out: equal error {:.1f} %, after {} steps", 100 * result.best.equal_error,
                   result.step);
    };
  });
}

}  // namespace

void add_train(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* parent = app->add_subcommand("train", "Fit the networks on dataset files");
  parent->require_subcommand(1);
  add_face_model(parent, run);
  add_speech(parent, run);
  add_motion(parent, global, run);
  add_closures(parent, global, run);
  add_sync(parent, global, run);
  add_generator(parent, global, run);
  add_identity(parent, run);
}

}  // namespace resyncer::cli
