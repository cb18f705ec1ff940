#include <spdlog/spdlog.h>

#include "cli/command.h"
#include "cli/progress_bar.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/prepare.h"
#include "resyncer/pipeline/prepare_speech.h"

namespace resyncer::cli {

namespace {

struct PrepareFlags {
  pipeline::PrepareOptions options;
  pipeline::FacesOptions faces;
  pipeline::TracksOptions tracks;
  pipeline::IdentityOptions identity;
  std::filesystem::path out;
};

void add_inputs(CLI::App* command, PrepareFlags* flags, bool with_output) {
  auto& o = flags->options;
  command->add_option("inputs", o.inputs, "Video files and pictures, or folders of them")->required();
  if (with_output) command->add_option("-o,--output", flags->out, "Dataset file (safetensors)")->required();
  command->add_option("--max-files", o.max_files,
                      "Take so many files, evenly from the sorted list (0 = all)");
  command->add_option("--group-pattern", o.group_pattern,
                      "Regular expression; equal captures show one person, one scene");
  command->add_option("--group", o.group_size, "So many consecutive files show one person, one scene")
      ->check(CLI::PositiveNumber);
  command->add_option("--speaker-pattern", o.speaker_pattern,
                      "Regular expression; equal captures are one speaker");
  command->add_option("--speaker", o.speaker_size,
                      "So many consecutive files are one speaker (default: a folder)");
  command->add_option("--cache", o.cache, "Folder that keeps the tracking, so that it is done once");
  command->add_option("--threads", o.threads, "Files in work at once")->check(CLI::PositiveNumber);
}

using Prepare = std::function<pipeline::PrepareReport(const PrepareFlags&, const GlobalOptions&)>;

void run_prepare(PrepareFlags flags, const GlobalOptions& global, const Prepare& prepare) {
  ProgressBar bar(global);
  flags.options.progress = bar.sink();
  flags.options.warn = [](const std::string& message) { spdlog::warn("{}", message); };
  pipeline::PrepareReport report = prepare(flags, global);
  bar.finish();
  spdlog::info("{} files, {} skipped, {} rows, mean reprojection error {:.2f} % of the inter-ocular distance",
               report.files, report.skipped, report.rows, 100 * report.mean_error);
}

CLI::App* add(CLI::App* parent, const char* name, const char* help,
              const std::shared_ptr<PrepareFlags>& flags, GlobalOptions* global, Run* run, bool with_output,
              const Prepare& prepare) {
  CLI::App* command = parent->add_subcommand(name, help);
  add_inputs(command, flags.get(), with_output);
  command->callback([=] { *run = [=] { run_prepare(*flags, *global, prepare); }; });
  return command;
}

const pipeline::ModelEntry& face_model_entry(const pipeline::ModelSet& set) {
  pipeline::check_file(set.get("face-model"));
  return set.get("face-model");
}

struct SpeechFlags {
  pipeline::SpeechDataOptions synthetic;
  pipeline::PrepareOptions recorded;  // where there are inputs
  std::filesystem::path out;
};

void run_speech(SpeechFlags flags, const GlobalOptions& global) {
  ProgressBar bar(global);
  auto sink = bar.sink();
  pipeline::SpeechDataReport report;
  if (flags.recorded.inputs.empty()) {
    flags.synthetic.progress = [&](std::size_t done, std::size_t all) {
      sink({"speak", std::int64_t(done), std::int64_t(all)});
    };
    report = pipeline::prepare_speech(flags.synthetic, flags.out);
  } else {
    flags.recorded.progress = sink;
    flags.recorded.warn = [](const std::string& message) { spdlog::warn("{}", message); };
    report = pipeline::prepare_recorded_speech(flags.recorded, flags.out);
  }
  bar.finish();
  spdlog::info("{} utterances, {} skipped, {:.2f} hours", report.utterances, report.skipped, report.hours);
}

void add_speech(CLI::App* parent, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<SpeechFlags>();
  auto& synthetic = flags->synthetic;
  auto& recorded = flags->recorded;
  CLI::App* command = parent->add_subcommand("speech", "Synthetic or recorded speech, for train speech");
  command->add_option("-o,--output", flags->out, "Dataset file (safetensors)")->required();
  CLI::Option* inputs = command->add_option(
      "inputs", recorded.inputs, "Recordings: files with sound, or folders of videos (default: synthetic)");
  command->add_option("--phones", recorded.phones, "Their phoneme times (scripts/phones.py)")
      ->check(CLI::ExistingFile)
      ->needs(inputs);
  command
      ->add_option("--speaker-pattern", recorded.speaker_pattern,
                   "Regular expression; equal captures are one voice")
      ->needs(inputs);
  command
      ->add_option("--speaker", recorded.speaker_size,
                   "So many consecutive files are one voice (default: a folder)")
      ->needs(inputs);
  command->add_option("--threads", recorded.threads, "Files in work at once")->check(CLI::PositiveNumber);
  command->add_option("--utterances", synthetic.utterances, "Of about four seconds each")
      ->check(CLI::PositiveNumber)
      ->excludes(inputs);
  command->add_option("--languages", synthetic.languages, "espeak-ng's names (default: 33 languages)")
      ->excludes(inputs);
  command->add_option("--variants", synthetic.variants, "espeak-ng's voice variants")->excludes(inputs);
  command->add_option("--seed", synthetic.seed, "Seed")->excludes(inputs);
  command->callback([=] { *run = [=] { run_speech(*flags, *global); }; });
}

}  // namespace

void add_prepare(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* parent = app->add_subcommand("prepare", "Make dataset files for training from folders of video");
  parent->require_subcommand(1);
  auto flags = std::make_shared<PrepareFlags>();
  CLI::App* faces = add(parent, "faces", "Pictures and meshes, for the generator", flags, global, run, true,
                        [](const PrepareFlags& f, const GlobalOptions& g) {
                          auto set = pipeline::find_models(g.models_folder());
                          const auto& entry = face_model_entry(set);
                          return pipeline::prepare_faces(
                              f.options, f.faces, mesh::load_face_model(entry.file), entry.sha256, f.out);
                        });
  faces->add_option("--side", flags->faces.side, "Side of the pictures, px")->check(CLI::Range(32, 1024));
  faces->add_option("--frames", flags->faces.frames_per_file, "Pictures of each file")
      ->check(CLI::PositiveNumber);
  const auto clips = [](auto prepare) {
    return [prepare](const PrepareFlags& f, const GlobalOptions& g) {
      auto set = pipeline::find_models(g.models_folder());
      const auto& entry = face_model_entry(set);
      return prepare(f.options, mesh::load_face_model(entry.file), entry.sha256, f.out);
    };
  };
  CLI::App* motion =
      add(parent, "motion", "Speech and mesh motion, for the speech encoder and Style-SyncFormer", flags,
          global, run, true, clips(pipeline::prepare_motion));
  CLI::App* sync = add(parent, "sync", "Speech, mesh motion and pictures of the mouth, for train sync", flags,
                       global, run, true, clips(pipeline::prepare_sync));
  for (CLI::App* command : {motion, sync}) {
    command->add_option("--sound-delay", flags->options.sound_delay,
                        "Seconds that the footage's sound comes after its picture");
    command
        ->add_option("--phones", flags->options.phones,
                     "Phoneme times (scripts/phones.py): where lips have to be shut")
        ->check(CLI::ExistingFile);
  }
  CLI::App* tracks = add(parent, "tracks", "Landmarks, for the face model", flags, global, run, true,
                         [](const PrepareFlags& f, const GlobalOptions&) {
                           return pipeline::prepare_tracks(f.options, f.tracks, f.out);
                         });
  tracks->add_option("--every", flags->tracks.every, "Take every k-th frame")->check(CLI::PositiveNumber);
  CLI::App* identity = add(parent, "identity", "Pictures of faces, for the identity network", flags, global,
                           run, true, [](const PrepareFlags& f, const GlobalOptions&) {
                             return pipeline::prepare_identity(f.options, f.identity, f.out);
                           });
  identity->add_option("--frames", flags->identity.frames_per_file, "Pictures of each file")
      ->check(CLI::PositiveNumber);
  add(parent, "cache", "Track everything into the --cache folder and write nothing else", flags, global, run,
      false, [](const PrepareFlags& f, const GlobalOptions&) { return pipeline::prepare_cache(f.options); });
  add_speech(parent, global, run);
}

}  // namespace resyncer::cli
