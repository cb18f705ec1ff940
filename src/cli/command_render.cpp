#include "cli/command_render.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <map>

#include "cli/command.h"
#include "cli/command_key.h"
#include "cli/face_choice.h"
#include "cli/mouth_controls.h"
#include "cli/outputs.h"
#include "cli/progress_bar.h"
#include "cli/speakers.h"
#include "cli/streamed_input.h"
#include "cli/style_choice.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/provenance.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

struct RenderFlags {
  pipeline::RenderOptions options;
  FaceFlags face;
  MouthFlags mouth;
  SpeakerFlags speakers;
  std::string renderer = "network", length = "video", silence = "rest";
  int crf = -1;
  bool yes = false, no = false, no_cache = false, no_provenance = false, resume = false;
  std::string stats;
};

std::vector<fs::path> input_files(const RenderFlags& flags) {
  const auto& o = flags.options;
  std::vector<fs::path> files = {o.input, o.speech,          o.speech_stem,     o.person,
                                 o.drive, flags.mouth.curve, o.mouth.motion_in, flags.speakers.map};
  for (const pipeline::Speaker& turn : o.speakers) files.push_back(turn.speech);
  if (!o.identity.empty())
    for (fs::path& file : pipeline::identity_files(o.identity)) files.push_back(std::move(file));
  files.insert(files.end(), o.style.names.begin(), o.style.names.end());  // as far as they are files
  return files;
}

void check_outputs(const RenderFlags& flags) {
  const auto& o = flags.options;
  const bool beside = o.provenance && !media::is_stream(o.output);
  const fs::path provenance = beside ? pipeline::provenance_file(o.output) : fs::path();
  std::vector<fs::path> outputs = {o.mask_out, o.preview, flags.stats, provenance};
  if (o.output != "-") outputs.push_back(o.output);
  for (const fs::path& file : motion_outputs(o.mouth.motion_out)) outputs.push_back(file);
  spare_inputs(outputs, input_files(flags));
  const Overwrite manner = flags.yes ? Overwrite::always : flags.no ? Overwrite::never : Overwrite::ask;
  for (const fs::path& file : outputs) check_overwrite(file, manner);
}

// Before hours of work, not after: the result would lie on its side.
void warn_of_lost_rotation(const pipeline::RenderOptions& options) {
  int degrees = media::probe_video(options.input).rotation_degrees;
  if (degrees != 0 && !media::keeps_rotation(options.output, options.encoder.container))
    spdlog::warn(
        "{}: this container cannot carry the rotation of {} degrees, players will show the result "
        "turned; name it .mp4 or .mov to keep it",
        options.output.string(), degrees);
}

// Where the pictures of an unfinished run lie; empty = nowhere.
fs::path painted_file(const CLI::App& command, const pipeline::ModelSet& models) {
  const fs::path cache = pipeline::default_cache_folder();
  if (cache.empty()) return {};
  const std::vector<std::string> indifferent = {"--output", "--yes",     "--never",    "--threads",
                                                "--stats",  "--preview", "--mask-out", "--motion-out"};
  return cache / "unfinished" / (command_key(command, models, indifferent) + ".painted");
}

// What may come through a pipe.
std::vector<fs::path*> streamable(pipeline::RenderOptions* options) {
  std::vector<fs::path*> inputs = {&options->input, &options->speech, &options->speech_stem, &options->drive};
  for (pipeline::Speaker& turn : options->speakers) inputs.push_back(&turn.speech);
  return inputs;
}

// Whether any input did, and is now known by another name.
bool take_streams(pipeline::RenderOptions* options) {
  if (options->output == "-" && ::isatty(STDOUT_FILENO) == 1)
    throw core::Error(core::ErrorKind::usage, "standard output is a terminal", "",
                      "pipe it into a program, or name a file");
  StreamedInputs streams;
  bool any = false;
  std::vector<fs::path> inputs;
  for (fs::path* input : streamable(options)) {
    const fs::path typed = *input;
    streams.take(input);
    any = any || *input != typed;
    inputs.push_back(*input);
  }
  if (options->output != "-") spare_inputs({options->output}, inputs);  // of "< file"
  return any;
}

// What was typed, as the pipeline takes it.
void complete(RenderFlags* typed) {
  RenderFlags& flags = *typed;
  auto& options = flags.options;
  options.face = parse_face_choice(flags.face);
  if (options.speech.empty()) options.speech = options.drive;
  check_style_choice(options.style);
  options.mouth = parse_mouth_controls(flags.mouth);
  options.renderer = flags.renderer == "warp" ? pipeline::Renderer::warp : pipeline::Renderer::network;
  options.speakers = read_speakers(flags.speakers, options);
  options.length = *pipeline::length_mode(flags.length);
  if (flags.silence == "source") options.silence = pipeline::Silence::source;
  if (flags.crf >= 0) options.encoder.crf = flags.crf;
  options.use_cache = !flags.no_cache;
  options.provenance = !flags.no_provenance;
  if (options.renderer == pipeline::Renderer::warp && (!options.person.empty() || options.adapt_minutes > 0))
    throw core::Error(core::ErrorKind::usage, "--renderer warp has no network to adapt", "",
                      "leave out --person and --adapt");
}

void run_render(const CLI::App& command, RenderFlags flags, const GlobalOptions& global) {
  auto& options = flags.options;
  complete(&flags);
  check_outputs(flags);
  const bool streamed = take_streams(&options);
  warn_of_lost_rotation(options);
  if (!options.provenance)
    spdlog::warn("{}: with --no-provenance the result will not say that it was altered",
                 options.output.string());
  ProgressBar bar(global);
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  if (flags.resume && !streamed) options.painted = painted_file(command, models);
  pipeline::RenderReport report = pipeline::render(options, models, bar.sink());
  bar.finish();
  for (const std::string& note : report.notes) spdlog::warn("{}", note);
  if (report.source_offset_ms)
    spdlog::info("the mouth comes {:+.0f} ms after its sound, as in the source", *report.source_offset_ms);
  if (!flags.stats.empty()) core::write_text(flags.stats, pipeline::stats_json(options, models, report));
  spdlog::info("{}: {} frames, {} repainted, {:.1f} frames/s, speech {}", options.output.string(),
               report.frames, report.repainted_frames,
               report.wall_seconds > 0 ? double(report.frames) / report.wall_seconds : 0.0,
               report.audio_action);
}

CLI::App* declare(CLI::App* app, RenderFlags* flags) {
  auto& o = flags->options;
  CLI::App* command = app->add_subcommand(
      "render", "Lip-sync a video (or a picture) to a speech track, swap its face, or both");
  command->add_option("input", o.input, "Video or still picture; - = standard input")->required();
  command->add_option("-a,--audio", o.speech,
                      "Speech: any file with an audio stream; - = standard input (default: that of --drive)");
  auto* stem = command->add_option("--speech-stem", o.speech_stem,
                                   "The voice of -a alone: it moves the mouth, -a is heard");
  command->add_option("--identity", o.identity,
                      "Swap the face for this person's: a picture, a video, or a folder of them");
  command->add_option("-o,--output", o.output, "Result; the container follows the name; - = standard output")
      ->required();
  command
      ->add_option(
          "--format", o.encoder.container,
          "Container, whatever the name says (default for pipes: matroska); yuv4mpegpipe: the picture alone")
      ->check(CLI::IsMember({"matroska", "nut", "yuv4mpegpipe"}));
  command
      ->add_option("--renderer", flags->renderer,
                   "network, or warp: the nearest reference alone (fast preview)")
      ->check(CLI::IsMember({"network", "warp"}));
  auto* person =
      command->add_option("--person", o.person, "Adaptation to this person (resyncer personalize)");
  command
      ->add_option("--adapt", o.adapt_minutes,
                   "Adapt to this person first, for so many minutes; kept in the cache")
      ->check(CLI::PositiveNumber)
      ->excludes(person);
  add_face_options(command, &flags->face, &o.tracker);
  command
      ->add_option("--max-yaw", o.max_yaw_degrees,
                   "Degrees: heads turned further keep their own mouth (default 45)")
      ->check(CLI::Range(0, 90));
  auto* drive = command->add_option("--drive", o.drive,
                                    "Follow the mouth of the person in this video instead of the speech");
  add_style_options(command, &o.style);
  add_mouth_options(command, &flags->mouth);
  for (const char* other : {"--style", "--motion-in"}) drive->excludes(command->get_option(other));
  drive->excludes(stem);
  add_speaker_options(command, &flags->speakers);
  command
      ->add_option(
          "--length", flags->length,
          "video: all of it, once (default); cut: ends with what ends first; loop, bounce, freeze: as long "
          "as the speech")
      ->check(CLI::IsMember({"video", "cut", "loop", "bounce", "freeze"}));
  command
      ->add_option("--silence", flags->silence,
                   "Where the speech is silent: rest (default), or source: the footage's own mouth")
      ->check(CLI::IsMember({"rest", "source"}));
  command->add_option("--video-codec", o.encoder.codec,
                      "FFmpeg encoder (default: the source's family); ffv1 = lossless");
  command->add_option("--crf", flags->crf, "Quality of the encoder (default: visually lossless)")
      ->check(CLI::Range(0, 63));
  command->add_option("--preset", o.encoder.preset, "Preset of the encoder");
  command
      ->add_option("--interlaced", o.interlaced,
                   "Interlaced footage: refuse; deinterlace, one whole picture for each; keep its fields")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, media::Interlaced>{{"refuse", media::Interlaced::refuse},
                                                   {"deinterlace", media::Interlaced::deinterlace},
                                                   {"keep", media::Interlaced::keep}}));
  command->add_flag("--keep-audio", o.keep_source_audio, "Keep the source's own audio as a further track");
  command->add_option("--mask-out", o.mask_out,
                      "Write the mask as gray lossless video (Matroska); 0 = untouched");
  command->add_option("--preview", o.preview,
                      "Write a film strip (PNG): source, mesh, result at eight moments");
  command->add_option("--stats", flags->stats, "Write figures of the run (JSON)");
  command->add_option("--label", o.label, "Show this text in every altered frame, at the lower left");
  auto* note = command->add_option("--consent-note", o.consent_note,
                                   "Who consented to what: a text for the provenance file");
  command
      ->add_flag(
          "--no-provenance", flags->no_provenance,
          "Leave out the tags, the XMP and the file OUTPUT.provenance.json that say how the result was made")
      ->excludes(note);
  command->add_option("--threads", o.threads, "Frames in work at once (default: cores)")
      ->check(CLI::Range(0, 256));
  command->add_flag("--deterministic", o.deterministic,
                    "Bit-exact on one kind of CPU: fp32, version-free files");
  auto* no_cache =
      command->add_flag("--no-cache", flags->no_cache, "Neither read nor write the analysis cache");
  command
      ->add_flag(
          "--resume", flags->resume,
          "Keep what is painted in the cache until the result is whole, and go on where such a run was ended")
      ->excludes(no_cache);
  auto* yes = command->add_flag("-y,--yes", flags->yes, "Overwrite results without asking");
  command->add_flag("-n,--never", flags->no, "Never overwrite")->excludes(yes);
  return command;
}

}  // namespace

pipeline::RenderOptions parse_render(const std::vector<std::string>& arguments, const std::string& place) {
  CLI::App app;
  RenderFlags flags;
  declare(&app, &flags);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 takes them
  reversed.emplace_back("render");
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& fault) {
    throw core::Error(core::ErrorKind::usage, fault.what(), place, "see resyncer render --help");
  }
  complete(&flags);
  return flags.options;
}

void add_render(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<RenderFlags>();
  CLI::App* command = declare(app, flags.get());
  command->callback([=] { *run = [=] { run_render(*command, *flags, *global); }; });
}

}  // namespace resyncer::cli
