#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/progress_bar.h"
#include "cli/streamed_input.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/thumbnails.h"

namespace resyncer::cli {

namespace {

using nlohmann::json;

// Seconds a frame on a machine with two cores, for the estimate; docs/benchmarks.md has the measurement.
constexpr double kSecondsAFrame = 0.04;

struct InspectFlags {
  std::filesystem::path file;
  pipeline::AnalysisOptions analysis;
  bool as_json = false, no_cache = false, yes = false;
  std::filesystem::path thumbnails;  // folder; empty = none
};

json streams_json(const std::vector<media::StreamInfo>& streams) {
  json list = json::array();
  for (const auto& s : streams) {
    json stream = {
        {"index", s.index}, {"type", s.type}, {"codec", s.codec}, {"duration_seconds", s.duration_seconds}};
    if (!s.language.empty()) stream["language"] = s.language;
    if (!s.title.empty()) stream["title"] = s.title;
    if (s.type == "audio") stream.update({{"sample_rate", s.sample_rate}, {"channels", s.channels}});
    list.push_back(stream);
  }
  return list;
}

// Runs of frames inside the track's shot that have no usable face, in seconds.
json gaps_json(const pipeline::Analysis& analysis, const track::FaceTrack& track) {
  json gaps = json::array();
  std::int64_t begin = -1;
  for (std::size_t i = 0; i <= track.frames.size(); ++i) {
    bool missing = i < track.frames.size() && !track.frames[i];
    auto frame = track.first_frame + std::int64_t(i);
    if (missing && begin < 0) begin = frame;
    if (!missing && begin >= 0) {
      gaps.push_back(
          {analysis.seconds(begin), analysis.seconds(std::min(frame, analysis.frame_count() - 1))});
      begin = -1;
    }
  }
  return gaps;
}

// Where the face would keep its own mouth, in seconds. How far heads turn is known when they are fitted only:
// a render tells it.
json kept_json(const pipeline::Analysis& analysis, const track::FaceTrack& track) {
  const pipeline::UsabilityOptions usable;
  std::vector<pipeline::Kept> kept;
  std::vector<double> starts;
  for (std::size_t i = 0; i < track.frames.size(); ++i) {
    const auto frame = track.first_frame + std::int64_t(i);
    if (frame >= analysis.frame_count()) break;
    kept.push_back(pipeline::kept_by_sight(track, i, usable));
    starts.push_back(analysis.seconds(frame));
  }
  const auto last = track.first_frame + std::int64_t(kept.size()) - 1;
  if (!kept.empty()) starts.push_back(2 * analysis.centre_seconds(last) - analysis.seconds(last));
  json ranges = json::array();
  for (const pipeline::KeptRange& range : pipeline::kept_ranges(kept, starts))
    ranges.push_back(
        {{"start", range.time.start}, {"end", range.time.end}, {"why", pipeline::name_of(range.why)}});
  return ranges;
}

json track_json(const pipeline::Analysis& analysis, const track::FaceTrack& track) {
  double seen = 0, score = 0, width = 0;
  core::Box box;
  for (const auto& face : track.frames) {
    if (!face) continue;
    if (seen == 0) box = face->box;
    seen += 1;
    score += face->score;
    width += face->box.width();
  }
  auto last = std::min(track.first_frame + std::int64_t(track.frames.size()), analysis.frame_count()) - 1;
  return {{"id", track.id},
          {"shot", track.shot},
          {"start_seconds", analysis.seconds(track.first_frame)},
          {"end_seconds", analysis.seconds(last)},
          {"frames", std::int64_t(seen)},
          {"first_box", {box.left, box.top, box.right, box.bottom}},
          {"mean_width_px", seen > 0 ? width / seen : 0},
          {"mean_score", seen > 0 ? score / seen : 0},
          {"gaps_seconds", gaps_json(analysis, track)},
          {"kept", kept_json(analysis, track)}};
}

json video_json(const media::VideoInfo& info) {
  return {{"codec", info.codec},
          {"pixel_format", info.pixel_format},
          {"width", info.width},
          {"height", info.height},
          {"stored_width", info.stored_width},
          {"stored_height", info.stored_height},
          {"rotation_degrees", info.rotation_degrees},
          {"average_rate", info.average_rate.value()},
          {"duration_seconds", info.duration_seconds},
          {"still_picture", info.is_still},
          {"interlaced", info.is_interlaced},
          {"field_order",
           info.is_interlaced ? json(info.top_field_first ? "top_first" : "bottom_first") : json()},
          {"alpha", info.has_alpha},
          {"transfer", info.transfer == media::Transfer::pq    ? "pq"
                       : info.transfer == media::Transfer::hlg ? "hlg"
                                                               : "sdr"}};
}

void print_text(const json& j) {
  const json& v = j["video"];
  std::cout << j["file"].get<std::string>() << ": " << j["container"].get<std::string>() << '\n';
  for (const json& s : j["streams"])
    std::cout << "  stream " << s["index"] << ": " << s["type"].get<std::string>() << ' '
              << s["codec"].get<std::string>() << '\n';
  std::cout << "  picture " << v["width"] << 'x' << v["height"] << ' ' << v["pixel_format"].get<std::string>()
            << ", " << j["frames"] << " frames, rotation " << v["rotation_degrees"];
  if (v["interlaced"]) std::cout << ", interlaced (" << v["field_order"].get<std::string>() << ")";
  if (v["transfer"] != "sdr") std::cout << ", HDR (" << v["transfer"].get<std::string>() << ")";
  if (v["alpha"]) std::cout << ", with alpha";
  std::cout << '\n';
  std::cout << "  shots: " << j["shots_seconds"].size() << '\n';
  for (const json& t : j["faces"])
    std::cout << "  face " << t["id"] << " (shot " << t["shot"] << "): " << t["start_seconds"].get<double>()
              << " to " << t["end_seconds"].get<double>() << " s, "
              << std::lround(t["mean_width_px"].get<double>()) << " px wide, score "
              << t["mean_score"].get<double>() << ", " << t["gaps_seconds"].size() << " gaps\n";
  std::cout << "  estimated time: " << j["estimated_seconds"].get<double>() << " s on two cores\n";
}

void run_inspect(InspectFlags flags, const GlobalOptions& global) {
  const std::string name = flags.file.string();
  StreamedInputs().take(&flags.file);
  media::VideoInfo info = media::probe_video(flags.file);
  pipeline::CacheOptions cache;
  if (!flags.no_cache) cache.folder = pipeline::default_cache_folder();
  ProgressBar bar(global);
  pipeline::Analysis analysis = pipeline::analyse_cached(flags.file, flags.analysis, cache, bar.sink());
  bar.finish();
  if (!flags.thumbnails.empty()) {
    for (const auto& track : analysis.tracks.tracks) {
      const auto picture = pipeline::thumbnail_file(flags.thumbnails, track.id);
      spare_inputs({picture}, {flags.file});
      check_overwrite(picture, flags.yes ? Overwrite::always : Overwrite::ask);
    }
    pipeline::write_thumbnails(flags.file, analysis, flags.thumbnails);
  }
  json shots = json::array(), faces = json::array();
  for (std::int64_t start : analysis.tracks.shot_starts)
    if (start < analysis.frame_count()) shots.push_back(analysis.seconds(start));
  for (const auto& track : analysis.tracks.tracks) {
    faces.push_back(track_json(analysis, track));
    if (!flags.thumbnails.empty())
      faces.back()["thumbnail"] = pipeline::thumbnail_file(flags.thumbnails, track.id).string();
  }
  json j = {{"file", name},
            {"container", info.container},
            {"streams", streams_json(info.streams)},
            {"video", video_json(info)},
            {"frames", analysis.frame_count()},
            {"shots_seconds", shots},
            {"faces", faces},
            {"estimated_seconds", kSecondsAFrame * double(analysis.frame_count())}};
  if (flags.as_json)
    std::cout << j.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  else
    print_text(j);
}

}  // namespace

void add_inspect(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command =
      app->add_subcommand("inspect", "Streams, shots, face tracks, gaps and estimated time of a video");
  command->add_option("file", flags->file, "Video or still picture; - = standard input")->required();
  command->add_flag("--json", flags->as_json, "Print JSON");
  command->add_option("--thumbnails", flags->thumbnails,
                      "Write a picture of every face track into this folder");
  command->add_flag("-y,--yes", flags->yes, "Overwrite pictures without asking");
  command->add_option("--landmarks", flags->analysis.tracker.landmark_model,
                      "Another 68-point dlib shape predictor");
  command->add_flag("--no-cache", flags->no_cache, "Neither read nor write the analysis cache");
  command->callback([=] { *run = [=] { run_inspect(*flags, *global); }; });
}

}  // namespace resyncer::cli
