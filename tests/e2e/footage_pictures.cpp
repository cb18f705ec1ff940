#include "e2e/footage_case.h"

namespace resyncer::testing {

namespace {
// Lossless, in the named pixel format.
FootageCase ffv1(const std::string& format) {
  return untouched(format, "v.mkv", {"-c:v", "ffv1", "-pix_fmt", format}, {"pix_fmt=" + format});
}

// Planes that lie otherwise in the file: the samples are the same.
FootageCase rearranged(const std::string& format, const std::string& file, Words encode,
                       const std::string& becomes) {
  FootageCase c = untouched(format, file, std::move(encode), {});
  c.source_facts = {"pix_fmt=" + format};
  c.result_facts = {"pix_fmt=" + becomes};
  return c;
}

void add_pixel_formats(std::vector<FootageCase>* cases) {
  for (const char* format : {"yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv444p10le", "yuv420p12le",
                             "yuv444p16le", "gray", "gbrp10le", "bgra", "yuva420p"})
    cases->push_back(ffv1(format));
  cases->push_back(untouched("yuv420p10le", "v.mp4", {"-c:v", "libx264", "-pix_fmt", "yuv420p10le"},
                             {"pix_fmt=yuv420p10le"}));
  cases->push_back(rearranged("nv12", "v.nut", {"-c:v", "rawvideo", "-pix_fmt", "nv12"}, "yuv420p"));
  cases->push_back(
      untouched("v210", "v.mov", {"-c:v", "v210", "-pix_fmt", "yuv422p10le"}, {"pix_fmt=yuv422p10le"}));
  cases->push_back(rearranged("uyvy422", "v.mov", {"-c:v", "rawvideo", "-pix_fmt", "uyvy422"}, "yuv422p"));
  cases->push_back(rearranged("rgb24", "v.mov", {"-c:v", "png", "-pix_fmt", "rgb24"}, "bgr0"));
  cases->push_back(rearranged("gbrp", "v.mkv", {"-c:v", "libx264rgb", "-pix_fmt", "rgb24"}, "bgr0"));
  cases->push_back(rearranged("rgba", "v.mov", {"-c:v", "qtrle", "-pix_fmt", "argb"}, "bgra"));
  cases->back().source_facts = {"pix_fmt=argb"};
}

void add_alpha(std::vector<FootageCase>* cases) {
  // A gradient: what an alpha plane of one value would hide shows in it.
  const std::string gradient = "format=yuva444p,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='64+X/2'";
  cases->push_back(untouched("yuva444p10le", "v.mkv", {"-c:v", "ffv1", "-pix_fmt", "yuva444p10le"},
                             {"pix_fmt=yuva444p10le"}));
  cases->push_back(
      untouched("vp9_alpha", "v.webm", {"-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuva420p"}, {}));
  cases->back().source_facts = {"pix_fmt=yuv420p",
                                "TAG:alpha_mode=1"};  // ffprobe sees the alpha beside it so
  cases->back().result_facts = {"pix_fmt=yuva420p"};
  // FFmpeg reads 12 bits of it and writes 10.
  cases->push_back(kept("prores4444_alpha", "v.mov",
                        {"-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"},
                        {"pix_fmt=yuva444p12le", "codec_name=prores", "profile=4444"}));
  cases->back().says = {"10 of the source's 12 bits"};
  cases->push_back(kept("vp9_alpha_kept", "v.webm",
                        {"-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuva420p"},
                        {"codec_name=vp9"}));
  cases->back().source_facts = {"TAG:alpha_mode=1"};
  cases->back().result_facts = {"TAG:ALPHA_MODE=1"};
  FootageCase lost = refused("alpha_into_mp4", "v.mov", {"-c:v", "qtrle", "-pix_fmt", "argb"}, 6, {"alpha"});
  lost.result = "out.mp4";
  cases->push_back(lost);
  for (std::size_t i = cases->size() - 5; i < cases->size(); ++i) (*cases)[i].filter = gradient;
}

Words hdr(const std::string& transfer) {
  return {"-c:v",        "libx265",          "-preset",      "ultrafast",  "-pix_fmt",
          "yuv420p10le", "-color_primaries", "bt2020",       "-color_trc", transfer,
          "-colorspace", "bt2020nc",         "-color_range", "tv",         "-x265-params"};
}

std::string hdr_filter(const std::string& transfer) {
  return "zscale=pin=bt709:tin=iec61966-2-1:min=gbr:rin=full:p=bt2020:t=" + transfer +
         ":m=bt2020nc:r=tv:npl=100,format=yuv420p10le";
}

void add_colour(std::vector<FootageCase>* cases) {
  auto tagged = [&](const std::string& name, const Words& values) {
    Words encode = {"-c:v",    "libx264",          "-color_range", values[0],    "-colorspace",
                    values[1], "-color_primaries", values[2],      "-color_trc", values[3]};
    cases->push_back(kept("tags_" + name, "v.mp4", encode,
                          {"color_range=" + values[0], "color_space=" + values[1],
                           "color_primaries=" + values[2], "color_transfer=" + values[3]}));
  };
  tagged("bt601", {"tv", "smpte170m", "smpte170m", "smpte170m"});
  tagged("bt709", {"tv", "bt709", "bt709", "bt709"});
  tagged("bt2020", {"tv", "bt2020nc", "bt2020", "bt2020-10"});
  tagged("full_range", {"pc", "bt709", "bt709", "bt709"});
  cases->push_back(untouched("mjpeg_full_range", "v.mov",
                             {"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, {"color_range=pc"}));
  cases->back().result_facts = {"pix_fmt=yuv420p"};
  cases->push_back(kept("chroma_location", "v.mkv", {"-c:v", "libx264", "-chroma_sample_location", "topleft"},
                        {"chroma_location=topleft"}));

  const Words facts = {"pix_fmt=yuv420p10le", "color_range=tv", "color_space=bt2020nc",
                       "color_primaries=bt2020"};
  const Words levels = {"max_content=1000", "max_average=400", "red_x=34000/50000", "green_y=34500/50000",
                        "max_luminance=10000000/10000"};
  for (const char* transfer : {"smpte2084", "arib-std-b67"}) {
    const std::string name = transfer == std::string("smpte2084") ? "pq" : "hlg";
    Words encode = hdr(transfer), of = facts;
    encode.emplace_back(name == "hlg"
                            ? "log-level=none"
                            : "log-level=none:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
                              "WP(15635,16450)L(10000000,1):max-cll=1000,400");
    of.push_back("color_transfer=" + std::string(transfer));
    cases->push_back(untouched(name, "v.mkv", encode, of));
    cases->back().filter = hdr_filter(transfer);
    if (name == "pq") of.insert(of.end(), levels.begin(), levels.end());
    cases->push_back(kept(name + "_hevc", "v.mp4", encode, of));
    cases->back().filter = hdr_filter(transfer);
    if (name == "hlg") continue;
    cases->push_back(kept(name + "_into_h264", "v.mkv", encode, of));
    cases->back().filter = hdr_filter(transfer);
    cases->back().options = {"--video-codec", "libx264"};
    cases->push_back(kept(name + "_into_av1", "v.mkv", encode, of));
    cases->back().filter = hdr_filter(transfer);
    cases->back().options = {"--video-codec", "libsvtav1"};
  }
}

void add_geometry(std::vector<FootageCase>* cases) {
  auto with = [&](FootageCase c, const std::string& filter) {
    c.filter = filter;
    cases->push_back(std::move(c));
  };
  with(untouched("odd_420", "v.mkv", {"-c:v", "ffv1"}, {"width=321", "height=321"}), "scale=321:321");
  with(kept("odd_444_h264", "v.mp4", {"-c:v", "libx264", "-pix_fmt", "yuv444p"},
            {"width=321", "height=321", "codec_name=h264"}),
       "scale=321:321");
  with(kept("odd_420_vp9", "v.webm", {"-c:v", "libvpx-vp9", "-cpu-used", "8"},
            {"width=321", "height=321", "pix_fmt=yuv420p"}),
       "scale=321:321");
  FootageCase odd =
      refused("odd_420_h264", "v.mkv", {"-c:v", "ffv1"}, 6, {"libx264", "321x321", "--video-codec"});
  odd.options = {"--video-codec", "libx264"};
  with(odd, "scale=321:321");
  const Words wide = {"sample_aspect_ratio=4:3", "width=240", "height=320"};
  with(untouched("anamorphic", "v.mkv", {"-c:v", "libx264"}, wide), "scale=240:320,setsar=4/3");
  with(kept("anamorphic_mp4", "v.mp4", {"-c:v", "libx264"}, wide), "scale=240:320,setsar=4/3");
  with(kept("narrow_pixels", "v.mkv", {"-c:v", "mpeg4", "-q:v", "2"}, {"sample_aspect_ratio=8:9"}),
       "scale=360:320,setsar=8/9");
  struct Turn {
    const char *transpose, *tag, *shown;
  };
  for (const Turn& turn :
       {Turn{"transpose=cclock", "270", "rotation=-90"}, Turn{"hflip,vflip", "180", "rotation=-180"},
        Turn{"transpose=clock", "90", "rotation=90"}}) {
    FootageCase c = kept(std::string("turned_") + turn.tag, "v.mp4", {"-c:v", "libx264"}, {turn.shown});
    c.steps = {{"-c", "copy", "-metadata:s:v:0", std::string("rotate=") + turn.tag, "turned.mp4"}};
    with(c, turn.transpose);
  }
  FootageCase lost = untouched("turned_into_mkv", "v.mov", {"-c:v", "libx264"}, {"width=320"});
  lost.steps = {{"-c", "copy", "-metadata:s:v:0", "rotate=270", "turned.mov"}};
  lost.says = {"rotation of 90 degrees"};
  with(lost, "transpose=cclock");
}
}  // namespace

std::vector<FootageCase> picture_cases() {
  std::vector<FootageCase> cases;
  add_pixel_formats(&cases);
  add_alpha(&cases);
  add_colour(&cases);
  add_geometry(&cases);
  return cases;
}

}  // namespace resyncer::testing
