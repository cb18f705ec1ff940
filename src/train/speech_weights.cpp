#include "speech_weights.h"

#include "resyncer/core/error.h"
#include "resyncer/nets/weights.h"

namespace resyncer::train {

namespace {
constexpr const char* kKind = "speech-encoder";
constexpr std::int64_t kVersion = 1;
}  // namespace

void save_speech_encoder(const std::filesystem::path& path, const nets::SpeechEncoder& encoder) {
  nets::SpeechEncoderConfig config = encoder->config();
  nets::save_weights(path, {kKind, kVersion, nets::write_config(config.fields())},
                     {{"speech.", encoder.ptr().get()}});
}

void load_speech_encoder(const std::filesystem::path& path, const nets::SpeechEncoder& encoder) {
  core::TensorFile file(path);
  nets::SpeechEncoderConfig found, wanted = encoder->config();
  nets::read_config(nets::read_weights_header(file, kKind, kVersion).config, file.place(), found.fields());
  std::string has = nets::write_config(found.fields()), needs = nets::write_config(wanted.fields());
  if (has != needs)
    throw core::Error(core::ErrorKind::model, "is an encoder of another size: " + has + ", not " + needs,
                      file.place(), "pre-train one of this size");
  nets::load_weights(file, {{"speech.", encoder.ptr().get()}});
}

}  // namespace resyncer::train
