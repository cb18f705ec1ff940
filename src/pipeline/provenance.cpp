#include "resyncer/pipeline/provenance.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/pipeline/content_hash.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

// XMP specification, part 1: RDF in a packet wrapper, read-only.
std::string xmp_packet() {
  return std::string("<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n") +
         "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
         " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
         "  <rdf:Description rdf:about=\"\"\n"
         "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">\n"
         "   <Iptc4xmpExt:DigitalSourceType>" +
         kDigitalSourceType +
         "</Iptc4xmpExt:DigitalSourceType>\n"
         "   <Iptc4xmpExt:AISystemUsed>resyncer</Iptc4xmpExt:AISystemUsed>\n"
         "   <Iptc4xmpExt:AISystemVersionUsed>" RESYNCER_VERSION
         "</Iptc4xmpExt:AISystemVersionUsed>\n"
         "  </rdf:Description>\n"
         " </rdf:RDF>\n"
         "</x:xmpmeta>\n"
         "<?xpacket end=\"r\"?>";
}

// Names without folders: where a user keeps files is nobody else's business. What came through a pipe has
// none.
Json named(const Ingredient& part) {
  if (part.sha256.empty()) return nullptr;
  const bool is_nameless = part.file.parent_path() == "/proc/self/fd";
  return {{"name", is_nameless ? "-" : part.file.filename().string()}, {"sha256", part.sha256}};
}

Json models_of(const RenderOptions& options, const ModelSet& models, const Ingredients& ingredients) {
  Json used = Json::array();
  for (const char* id : {"face-model", "motion", "generator"}) {
    const bool is_network = id == std::string("generator");
    if (is_network && (options.renderer != Renderer::network || options.speech.empty())) continue;
    const ModelEntry& entry = models.get(id);
    used.push_back({{"id", entry.id}, {"version", entry.version}, {"sha256", entry.sha256}});
  }
  const Ingredient& landmarks = ingredients.landmarks;
  if (!landmarks.sha256.empty())
    used.push_back(
        {{"id", "landmarks"}, {"name", landmarks.file.filename().string()}, {"sha256", landmarks.sha256}});
  return used;
}

Json face_of(const track::FaceChoice& face) {
  if (face.index) return {{"index", *face.index}};
  if (face.point) return {{"at", {face.point->x(), face.point->y()}}};
  if (face.box) return {{"box", {face.box->left, face.box->top, face.box->right, face.box->bottom}}};
  return "largest";
}

// `speakers`: the speech of each.
Json speakers_of(const RenderOptions& options, const std::vector<Ingredient>& speakers) {
  Json list = Json::array();
  for (std::size_t i = 0; i < speakers.size(); ++i) {
    const Speaker& turn = options.speakers[i];
    list.push_back({{"seconds", {turn.range.start, turn.range.end}},
                    {"face", turn.face ? face_of(*turn.face) : Json()},
                    {"speech", named(speakers[i])}});
  }
  return list;
}

const char* text_of(media::Interlaced interlaced) {
  if (interlaced == media::Interlaced::keep) return "keep";
  return interlaced == media::Interlaced::deinterlace ? "deinterlace" : "refuse";
}

// What shapes the result; defaults that depend on the source are null.
Json options_of(const RenderOptions& options, const RenderReport& report) {
  const media::EncoderOptions& encoder = options.encoder;
  return {{"renderer", options.renderer == Renderer::network ? "network" : "warp"},
          {"precision", report.precision.empty() ? Json() : Json(report.precision)},
          {"adapt_minutes", options.adapt_minutes},
          {"face", options.speakers.empty() ? face_of(options.face) : Json()},
          {"video_codec", encoder.codec.empty() ? Json() : Json(encoder.codec)},
          {"crf", encoder.crf ? Json(*encoder.crf) : Json()},
          {"preset", encoder.preset.empty() ? Json() : Json(encoder.preset)},
          {"keep_audio", options.keep_source_audio},
          {"interlaced", text_of(options.interlaced)},
          {"length", name_of(options.length)},
          {"silence", options.silence == Silence::rest ? "rest" : "source"},
          {"speech_stream", report.audio_action},
          {"label", options.label},
          {"deterministic", options.deterministic}};
}

// What was done to the mouth beyond the words.
Json mouth_of(const RenderOptions& options, const Ingredients& ingredients) {
  const MouthControls& mouth = options.mouth;
  Json changed = Json::array();
  auto note = [&](const char* control, bool is_changed) {
    if (is_changed) changed.push_back(control);
  };
  note("gain", !mouth.gain.is(1));
  note("jaw_max", !mouth.jaw_max.is(std::numeric_limits<float>::infinity()));
  note("smooth", !mouth.smooth.is(0));
  note("offset", mouth.keep_source_offset || !mouth.offset_ms.is(0));
  Json styles = Json::array();
  for (const std::string& name : options.style.names) {
    const auto file = std::find_if(ingredients.styles.begin(), ingredients.styles.end(),
                                   [&](const Ingredient& part) { return part.file == name; });
    styles.push_back(file != ingredients.styles.end() ? named(*file) : Json{{"name", name}});
  }
  return {{"driver", named(ingredients.driver)},
          {"motion", named(ingredients.motion)},
          {"styles", std::move(styles)},
          {"style_weights", options.style.weights},
          {"style_strength", options.style.strength},
          {"controls", std::move(changed)}};
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

fs::path provenance_file(const fs::path& result) {
  fs::path file = result;
  file += ".provenance.json";
  return file;
}

media::Statement provenance_statement(const RenderOptions& options) {
  const char* what = options.identity.empty() ? "the mouth was repainted to another speech"
                     : options.speech.empty()
                         ? "the face was replaced by another person's"
                         : "the face was replaced by another person's, with another speech";
  media::Statement statement;
  // Of the tags that free text may stand in, "comment" alone survives ffmpeg -c copy between MP4, MOV and
  // Matroska. DIGITAL_SOURCE_TYPE is for Matroska, which takes any name.
  statement.tags["comment"] = std::string("Altered by resyncer " RESYNCER_VERSION ": ") + what +
                              "; digitalSourceType=" + kDigitalSourceType;
  statement.tags["DIGITAL_SOURCE_TYPE"] = kDigitalSourceType;
  statement.xmp = xmp_packet();
  return statement;
}

std::vector<TimeRange> altered_ranges(const std::vector<bool>& altered, const std::vector<double>& starts) {
  std::vector<TimeRange> ranges;
  for (std::size_t i = 0; i < altered.size(); ++i) {
    if (!altered[i]) continue;
    if (i == 0 || !altered[i - 1]) ranges.push_back({starts[i], starts[i]});
    ranges.back().end = starts[i + 1];
  }
  return ranges;
}

Ingredients hash_ingredients(const RenderOptions& options, const fs::path& person) {
  auto hashed = [](const fs::path& file) { return Ingredient{file, content_hash(file)}; };
  Ingredients parts;
  parts.video = hashed(options.input);
  if (!options.speech.empty()) parts.speech = hashed(options.speech);
  if (!options.speech_stem.empty()) parts.speech_stem = hashed(options.speech_stem);
  if (!options.identity.empty())
    for (const fs::path& file : identity_files(options.identity)) parts.identity.push_back(hashed(file));
  for (const Speaker& turn : options.speakers)
    parts.speakers.push_back(turn.speech.empty() ? Ingredient{} : hashed(turn.speech));
  if (!person.empty()) parts.person = hashed(person);
  if (!options.drive.empty()) parts.driver = hashed(options.drive);
  if (!options.mouth.motion_in.empty()) parts.motion = hashed(options.mouth.motion_in);
  // An analysis out of the cache needs no landmark model, and there may be none any more.
  std::error_code ignored;
  for (const std::string& style : options.style.names)
    if (fs::is_regular_file(style, ignored)) parts.styles.push_back(hashed(style));
  const fs::path landmarks = track::landmark_file(options.tracker);
  if (fs::is_regular_file(landmarks, ignored)) parts.landmarks = hashed(landmarks);
  return parts;
}

void check_consent_note(const std::string& note) {
  try {
    (void)Json(note).dump();  // strict about UTF-8
  } catch (const Json::exception&) {
    throw core::Error(core::ErrorKind::usage, "--consent-note is not UTF-8", "", "encode it as UTF-8");
  }
}

std::string provenance_json(const RenderOptions& options, const ModelSet& models, const RenderReport& report,
                            const Ingredients& ingredients, const std::string& result_hash,
                            const std::string& time) {
  Json ranges = Json::array();
  for (const TimeRange& range : report.altered) ranges.push_back({range.start, range.end});
  Json json = {{"schema_version", kSchemaVersion},
               {"tool", {{"name", "resyncer"}, {"version", RESYNCER_VERSION}}}};
  if (!time.empty()) json["time"] = time;
  json["digitalSourceType"] = kDigitalSourceType;
  json["result"] = named({options.output, result_hash});
  json["video"] = named(ingredients.video);
  json["speech"] = named(ingredients.speech);
  json["speech_stem"] = named(ingredients.speech_stem);
  json["speakers"] = speakers_of(options, ingredients.speakers);
  json["person"] = named(ingredients.person);
  json["identity"] = Json::array();
  for (const Ingredient& part : ingredients.identity) json["identity"].push_back(named(part));
  json["models"] = models_of(options, models, ingredients);
  json["options"] = options_of(options, report);
  json["mouth"] = mouth_of(options, ingredients);
  json["altered"] = {{"frames", report.repainted_frames}, {"of_frames", report.frames}, {"seconds", ranges}};
  if (!options.consent_note.empty()) json["consent_note"] = options.consent_note;
  // Names of files may be any bytes; everything else was checked.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

void write_provenance(const RenderOptions& options, const ModelSet& models, const RenderReport& report,
                      const Ingredients& ingredients) {
  if (media::is_stream(options.output)) return;  // nothing lies beside a stream
  core::write_text(provenance_file(options.output),
                   provenance_json(options, models, report, ingredients, content_hash(options.output),
                                   options.deterministic ? "" : now()));
}

}  // namespace resyncer::pipeline
