#include "e2e/footage_case.h"

namespace resyncer::testing {

namespace {
void add_rates(std::vector<FootageCase>* cases) {
  FootageCase across = kept("rate_29_97_mkv_to_mov", "v.mkv", {"-c:v", "libx264"}, {});
  across.rate = "30000/1001";
  across.result = "out.mov";
  cases->push_back(across);

  for (const char* file : {"v.mkv", "v.mp4", "v.webm"}) {
    const bool webm = std::string(file) == "v.webm";
    Words encode =
        webm ? Words{"-c:v", "libvpx-vp9", "-cpu-used", "8"} : Words{"-c:v", "libx264", "-bf", "2"};
    encode.insert(encode.end(), {"-fps_mode", "passthrough", "-enc_time_base", "1/1000"});
    FootageCase c = kept(std::string("variable_rate_") + (file + 2), file, encode, {});
    c.rate = "30";
    c.filter = "select='not(mod(n,3))+not(mod(n,5))',setpts='PTS+0.011*mod(N,3)/TB'";
    cases->push_back(c);
  }
}

void add_starts(std::vector<FootageCase>* cases) {
  auto offset = [&](const std::string& name, const std::string& file, const std::string& seconds) {
    FootageCase c = kept(name, file, {"-c:v", "libx264", "-bf", "2", "-output_ts_offset", seconds}, {});
    cases->push_back(c);
    return &cases->back();
  };
  offset("late_start_mkv", "v.mkv", "0.7");
  offset("late_start_mp4", "v.mp4", "0.7");
  offset("late_start_mov", "v.mov", "0.12");
  offset("hours_late_ts", "v.ts", "20000");
  offset("ts_start", "v.ts", "0");
  offset("ts_into_mp4", "v.ts", "0")->result = "out.mp4";
  FootageCase cut =
      kept("edit_list", "v.mp4", {"-c:v", "libx264", "-g", "50", "-bf", "2"}, {"start_time=0.000000"});
  cut.steps = {{"-ss", "0.26", "IN", "-c", "copy", "cut.mp4"}};
  cut.frames = 13;
  cases->push_back(cut);
  FootageCase open = kept("open_gop", "v.ts",
                          {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                           "log-level=none:open-gop=1:keyint=8:min-keyint=8:bframes=3"},
                          {"codec_name=hevc"});
  open.frames = 20;
  cases->push_back(open);
  FootageCase reordered = kept("b_pyramid", "v.mp4",
                               {"-c:v", "libx264", "-bf", "3", "-x264-params", "b-pyramid=normal:ref=4"}, {});
  cases->push_back(reordered);
}

void add_missing_times(std::vector<FootageCase>* cases) {
  FootageCase raw = kept("raw_h264", "v.h264", {"-c:v", "libx264", "-bf", "2"}, {"codec_name=h264"});
  raw.result = "out.mkv";
  raw.counted_times = true;
  cases->push_back(raw);
  FootageCase raw_hevc = kept("raw_hevc", "v.hevc",
                              {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"},
                              {"codec_name=hevc"});
  raw_hevc.result = "out.mp4";
  raw_hevc.counted_times = true;
  cases->push_back(raw_hevc);
  FootageCase y4m = kept("y4m", "v.y4m", {}, {"pix_fmt=yuv420p"});
  y4m.result = "out.mkv";
  cases->push_back(y4m);
  // AVI stores decoding times: with B-frames the first picture is shown as many frames later as the decoder
  // waits, and ffprobe knows no time of the last ones.
  for (const auto& [encoder, wait] : {std::pair{"mpeg4", 1}, {"libx264", 2}}) {
    FootageCase avi =
        kept(std::string("avi_b_frames_") + encoder, "v.avi", {"-c:v", encoder, "-bf", "2"}, {});
    avi.result = "out.mkv";
    avi.counted_times = true;
    avi.first_time = wait;
    cases->push_back(avi);
  }
}

// Matroska's times begin at zero: of what lies before, no reader knows the time, but that it lies before.
void add_negative_start(std::vector<FootageCase>* cases) {
  FootageCase c = kept("negative_start_mkv", "v.mkv", {"-c:v", "libx264", "-bf", "0"}, {});
  c.steps = {
      {"-itsoffset", "-0.2", "IN", "-c", "copy", "-copyts", "-avoid_negative_ts", "disabled", "n.mkv"}};
  c.frames = 20;
  c.timeless = 5;
  cases->push_back(c);
  c.name = "negative_start_into_mp4";
  c.result = "out.mp4";
  cases->push_back(c);
}

void add_fields(std::vector<FootageCase>* cases) {
  struct Source {
    const char *name, *file;
    bool top;
    Words encode;
  };
  const std::vector<Source> sources = {
      {"h264_tff", "v.mkv", true, {"-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1"}},
      {"h264_bff", "v.mp4", false, {"-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "bff=1"}},
      {"mpeg2_tff", "v.ts", true, {"-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-top", "1"}},
      {"mpeg2_bff", "v.ts", false, {"-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-top", "0"}},
      {"prores_tff", "v.mov", true, {"-c:v", "prores_ks", "-flags", "+ildct", "-top", "1"}}};
  for (const Source& source : sources) {
    const std::string name = source.name, order = source.top ? "top_field_first=1" : "top_field_first=0";
    auto fielded = [&](FootageCase c) {
      c.rate = "50";
      c.filter = std::string("interlace=lowpass=off:scan=") + (source.top ? "tff" : "bff");
      c.source_facts = {"interlaced_frame=1", order};
      cases->push_back(c);
    };
    fielded(refused("interlaced_" + name, source.file, source.encode, 3,
                    {"interlaced", "--interlaced deinterlace", "keep"}));
    if (name == "h264_bff" || name == "mpeg2_tff") continue;
    FootageCase smooth = kept("deinterlaced_" + name, source.file, source.encode, {});
    smooth.options = {"--interlaced", "deinterlace"};
    smooth.result_facts = {"interlaced_frame=0", "field_order=progressive"};
    fielded(smooth);
    FootageCase as_is =
        kept("fields_kept_" + name, source.file, source.encode, {"interlaced_frame=1", order});
    as_is.options = {"--interlaced", "keep"};
    fielded(as_is);
  }
  FootageCase lossless =
      untouched("fields_kept_ffv1", "v.mkv", sources[0].encode, {"interlaced_frame=1", "top_field_first=1"});
  lossless.options = {"--video-codec", "ffv1", "--interlaced", "keep"};
  lossless.rate = "50";
  lossless.filter = "interlace=lowpass=off:scan=tff";
  cases->push_back(lossless);
}
}  // namespace

std::vector<FootageCase> time_cases() {
  std::vector<FootageCase> cases;
  add_rates(&cases);
  add_starts(&cases);
  add_missing_times(&cases);
  add_negative_start(&cases);
  add_fields(&cases);
  return cases;
}

}  // namespace resyncer::testing
