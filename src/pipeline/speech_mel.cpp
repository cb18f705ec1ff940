#include "pipeline/speech_mel.h"

#include "resyncer/core/error.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/speech/features.h"

namespace resyncer::pipeline {

void check_speech(const std::filesystem::path& speech) {
  for (const media::StreamInfo& stream : media::probe_streams(speech))
    if (stream.type == "audio") return;
  throw core::Error(core::ErrorKind::input, "has no audio stream", speech.string(),
                    "name a file with speech after -a");
}

void stream_mel(const std::filesystem::path& speech,
                const std::function<void(const core::FeatureSequence&)>& sink) {
  speech::MelStream stream;
  core::FeatureSequence mel;
  auto hand_on = [&] {
    sink(mel);
    mel.frames = 0;
    mel.values.clear();
  };
  media::stream_audio(speech, 16000, [&](const float* samples, std::size_t count) {
    stream.push(samples, count, &mel);
    hand_on();
  });
  stream.finish(&mel);
  hand_on();
}

}  // namespace resyncer::pipeline
