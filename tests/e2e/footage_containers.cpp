#include <algorithm>

#include "e2e/footage_case.h"

namespace resyncer::testing {

namespace {
// Two further sounds and the text of the subtitles.
const Words kSounds = {"-f", "lavfi", "-i", "sine=300:duration=0.4:sample_rate=48000",
                       "-f", "lavfi", "-i", "sine=600:duration=0.4:sample_rate=48000"};
const std::string kText = RESYNCER_SOURCE_DIR "/tests/data/footage";

void add_codecs(std::vector<FootageCase>* cases) {
  const Words hevc = {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"},
              vp9 = {"-c:v", "libvpx-vp9", "-cpu-used", "8"}, av1 = {"-c:v", "libsvtav1", "-preset", "12"};
  struct Codec {
    const char *file, *rate;
    Words encode;
    const char *codec, *becomes;
  };
  for (const Codec& c : {
           Codec{"v.mp4", "24000/1001", {"-c:v", "libx264"}, "h264", "h264"},
           Codec{"v.mkv", "24000/1001", {"-c:v", "libx264"}, "h264", "h264"},
           Codec{"v.flv", "25/2", {"-c:v", "libx264"}, "h264", "h264"},
           Codec{"v.ts", "50/1", {"-c:v", "libx264", "-bf", "2"}, "h264", "h264"},
           Codec{"v.mp4", "60000/1001", hevc, "hevc", "hevc"},
           Codec{"v.webm", "15/1", {"-c:v", "libvpx", "-cpu-used", "8"}, "vp8", "vp8"},
           Codec{"v.webm", "30/1", vp9, "vp9", "vp9"},
           Codec{"v.mp4", "30000/1001", vp9, "vp9", "vp9"},
           Codec{"v.mp4", "50/1", av1, "av1", "av1"},
           Codec{"v.mov", "60000/1001", {"-c:v", "prores_ks"}, "prores", "prores"},
           Codec{"v.nut", "30000/1001", {"-c:v", "ffv1"}, "ffv1", "ffv1"},
           Codec{"v.avi", "15/1", {"-c:v", "mpeg4", "-q:v", "2"}, "mpeg4", "h264"},
           Codec{"v.mov", "120/1", {"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p"}, "mjpeg", "h264"},
       }) {
    std::string rate = c.rate;
    std::replace(rate.begin(), rate.end(), '/', '_');
    FootageCase row = kept(std::string(c.codec) + "_" + (c.file + 2) + "_" + rate, c.file, c.encode, {});
    row.rate = c.rate;
    row.source_facts = {std::string("codec_name=") + c.codec};
    row.result_facts = {std::string("codec_name=") + c.becomes, std::string("r_frame_rate=") + c.rate};
    cases->push_back(row);
  }
  FootageCase mpg =
      kept("mpeg2_mpg_to_mkv", "v.mpg", {"-c:v", "mpeg2video", "-q:v", "2"}, {"r_frame_rate=30000/1001"});
  mpg.rate = "30000/1001";
  mpg.result = "out.mkv";
  cases->push_back(mpg);
  mpg = refused("mpeg2_mpg", "v.mpg", mpg.encode, 6, {"container mpeg does not take", "--video-codec"});
  cases->push_back(mpg);
}

void add_streams(std::vector<FootageCase>* cases) {
  Words inputs = kSounds;
  inputs.insert(inputs.end(), {"-i", kText + ".srt"});
  const Words maps = {"-map", "0:v", "-map", "1", "-map", "2", "-map", "3"};

  FootageCase mkv = kept("many_tracks_mkv", "v.mkv", maps, {});
  mkv.encode.insert(mkv.encode.end(), {"-map",
                                       "3",
                                       "-c:v",
                                       "libx264",
                                       "-c:a:0",
                                       "libopus",
                                       "-c:a:1",
                                       "flac",
                                       "-c:s:0",
                                       "srt",
                                       "-c:s:1",
                                       "ass",
                                       "-metadata:s:a:1",
                                       "language=ger",
                                       "-metadata:s:a:1",
                                       "title=Kommentar",
                                       "-disposition:a:1",
                                       "comment",
                                       "-metadata:s:s:0",
                                       "language=fre",
                                       "-metadata:s:s:1",
                                       "language=spa",
                                       "-disposition:s:1",
                                       "forced",
                                       "-attach",
                                       RESYNCER_SOURCE_DIR "/LICENSE",
                                       "-metadata:s:t",
                                       "mimetype=text/plain"});
  mkv.inputs = inputs;
  mkv.streams = {"video", "audio", "audio", "subtitle", "subtitle", "attachment"};
  mkv.same_packets = {{"a:1", "a:1"}, {"s:0", "s:0"}, {"s:1", "s:1"}};
  mkv.lines = {"TAG:language=ger", "TAG:title=Kommentar",  "DISPOSITION:comment=1", "TAG:language=fre",
               "TAG:language=spa", "DISPOSITION:forced=1", "TAG:filename=LICENSE"};
  cases->push_back(mkv);

  FootageCase mp4 = kept("many_tracks_mp4", "v.mp4", maps, {});
  mp4.encode.insert(mp4.encode.end(),
                    {"-c:v", "libx264", "-c:a", "aac", "-c:s", "mov_text", "-metadata:s:a:1", "language=ger",
                     "-metadata:s:s:0", "language=fre", "-metadata:s:a:1", "handler_name=Kommentar"});
  mp4.inputs = inputs;
  mp4.streams = {"video", "audio", "audio", "subtitle"};
  mp4.same_packets = {{"a:1", "a:1"}, {"s:0", "s:0"}};
  mp4.lines = {"TAG:language=ger", "TAG:language=fre", "TAG:handler_name=Kommentar"};
  cases->push_back(mp4);

  // The second has more channels and bits; the first is what players play.
  FootageCase ts =
      kept("two_languages_ts", "v.ts",
           {"-map", "0:v", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "aac", "-ac:a:1", "2",
            "-b:a:1", "256k", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"},
           {});
  ts.inputs = kSounds;
  ts.same_packets = {{"a:1", "a:1"}};
  ts.lines = {"TAG:language=fra"};
  cases->push_back(ts);

  FootageCase all =
      kept("all_sound_kept", "v.mov",
           {"-map", "0:v", "-map", "1", "-map", "2", "-c:v", "libx264", "-c:a", "pcm_s16le"}, {});
  all.inputs = kSounds;
  all.options = {"--keep-audio"};
  all.streams = {"video", "audio", "audio", "audio"};
  all.same_packets = {{"a:0", "a:1"}, {"a:1", "a:2"}};
  cases->push_back(all);

  FootageCase text = mkv;
  text.name = "mkv_into_mp4_says_what_it_leaves_out";
  text.result = "out.mp4";
  text.streams = {"video", "audio", "audio"};
  text.same_packets = {{"a:1", "a:1"}};
  text.lines = {"TAG:language=ger"};
  text.says = {"subrip", "ass", "attachment", "out.mp4"};
  cases->push_back(text);

  FootageCase two = kept("second_picture_is_said_to_be_left_out", "v.mkv",
                         {"-map", "0:v", "-map", "0:v", "-c:v", "libx264", "-t", "0.4"}, {});
  two.streams = {"video", "audio"};
  two.says = {"stream 1", "video", "left out"};
  cases->push_back(two);

  FootageCase cover = kept("cover_mp4", "v.mp4",
                           {"-map", "0:v", "-map", "1:v", "-c:v:0", "libx264", "-c:v:1", "png",
                            "-disposition:v:1", "attached_pic"},
                           {});
  cover.inputs = {"-i", RESYNCER_SOURCE_DIR "/tests/data/astronaut.png"};
  cover.streams = {"video", "audio", "video"};
  cover.lines = {"DISPOSITION:attached_pic=1"};
  cover.same_packets = {{"v:1", "v:1"}};
  cases->push_back(cover);
}

void add_tags(std::vector<FootageCase>* cases) {
  const Words tags = {"-metadata",      "title=A b \xC3\xA4", "-metadata",
                      "artist=Someone", "-metadata",          "creation_time=2020-02-03T04:05:06Z"};
  auto tagged = [&](const std::string& name, const std::string& file, const std::string& codec) {
    Words encode = {"-c:v", codec};
    encode.insert(encode.end(), tags.begin(), tags.end());
    FootageCase c = kept(name, file, encode, {});
    c.lines = {"TAG:title=A b \xC3\xA4"};
    cases->push_back(c);
    return &cases->back();
  };
  for (const char* file : {"v.mp4", "v.mkv"}) {
    FootageCase* c = tagged(std::string("tags_in_") + (file + 2), file, "libx264");
    c->lines.insert(c->lines.end(),
                    {"TAG:creation_time=2020-02-03T04:05:06.000000Z",
                     std::string(file) == "v.mkv" ? "TAG:ARTIST=Someone" : "TAG:artist=Someone"});
  }
  FootageCase* chapters = tagged("chapters_mp4", "v.mp4", "libx264");
  chapters->inputs = {"-i", kText + ".chapters"};
  chapters->lines.insert(chapters->lines.end(),
                         {"TAG:title=One", "TAG:title=Two", "start_time=0.200000", "end_time=0.400000"});
  FootageCase* timecode = tagged("timecode_mov", "v.mov", "libx264");
  timecode->encode.insert(timecode->encode.end(), {"-timecode", "10:11:12:13"});
  timecode->lines.emplace_back("TAG:timecode=10:11:12:13");
  timecode->streams = {"video", "audio", "data"};
  FootageCase* drop = tagged("drop_frame_timecode_mov", "v.mov", "libx264");
  drop->encode.insert(drop->encode.end(), {"-timecode", "01:00:00;02"});
  drop->rate = "30000/1001";
  drop->lines.emplace_back("TAG:timecode=01:00:00;02");
  tagged("fragmented_mp4", "v.mp4", "libx264")
      ->encode.insert(cases->back().encode.end(), {"-movflags", "frag_keyframe+empty_moov"});
  tagged("faststart_mp4", "v.mp4", "libx264")
      ->encode.insert(cases->back().encode.end(), {"-movflags", "faststart"});
}
}  // namespace

std::vector<FootageCase> container_cases() {
  std::vector<FootageCase> cases;
  add_codecs(&cases);
  add_streams(&cases);
  add_tags(&cases);
  return cases;
}

}  // namespace resyncer::testing
