#include "resyncer/track/face_tracker.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "appearance.h"
#include "face_detector.h"
#include "face_shape.h"
#include "landmark_model.h"
#include "resyncer/core/error.h"
#include "search_plan.h"
#include "shot_cut.h"

namespace resyncer::track {
namespace {

constexpr char kDebianModel[] = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat";
constexpr int kAnalysisSide = 1280;
constexpr std::size_t kFewestFrames = 3;  // observations that make a track, in shots that are longer

// The chip a face is looked at in: turned upright, the detector's box at a fixed size, some room around it.
constexpr int kChip = 256;
constexpr float kChipBox = 160.F, kChipBoxLeft = (kChip - kChipBox) / 2;

// Confidence that the first look at a new face must give: the detector alone errs now and then.
constexpr float kStartConfidence = 0.8F;
constexpr float kLostScore = -0.55F;  // below: not a frontal face any more
constexpr float kClearScore = 1.1F;   // 99 in 100 frames of talking heads reach it, half covered faces do not
constexpr float kFamiliarLook = 0.6F;  // likeness from which a face looks as it did before
constexpr int kRemembered = 50;        // frames that a lost face keeps its identity
constexpr float kSameFace = 0.3F;      // overlap of two boxes of one face

// How much a face may move and grow within one frame, in box sides.
constexpr float kSteadyStep = 0.04F, kWildStep = 0.45F;

struct Followed {
  std::size_t track = 0;
  core::Landmarks landmarks;  // px of the analysed image
  FaceSquare square;
  Appearance appearance;
  float score = 0;  // confidence of the last look
  int lost = 0;     // frames since it was last seen
  bool seen() const { return lost == 0; }
};

// 0 at kLostScore, 0.35 at dlib's own threshold, 1 for clear faces.
float confidence_of(float detector_score) { return std::clamp(0.35F + 0.65F * detector_score, 0.F, 1.F); }

core::Affine2 frame_from_chip(const FaceSquare& square) {
  core::Affine2 map = core::Affine2::Identity();
  map.translate(square.centre);
  map.rotate(square.angle);
  map.scale(square.side / kChipBox);
  map.translate(core::Point2(-kChip / 2.F, -kChip / 2.F));
  return map;
}

double mean_area(const FaceTrack& track, std::size_t* count) {
  double area = 0;
  *count = 0;
  for (const auto& f : track.frames)
    if (f) {
      area += double(f->box.width()) * f->box.height();
      ++*count;
    }
  return *count > 0 ? area / double(*count) : 0.0;
}

}  // namespace

std::filesystem::path landmark_file(const TrackerOptions& options) {
  return options.landmark_model.empty() ? kDebianModel : options.landmark_model;
}

struct FaceTracker::Impl {
  explicit Impl(const TrackerOptions& o) : options(o), model(landmark_file(o)) {}

  void start_shot();
  void cut_chip(const FaceSquare& square);
  bool look(Followed* face, FaceSquare square);
  void follow();
  void search_frame(const std::vector<Detection>* found);
  void adopt(const std::vector<Detection>& found);
  void adopt(const Detection& detection);
  void drop_doubles();
  void record(std::vector<core::FaceObservation>* seen);
  core::FaceObservation observation(const Followed& face) const;

  TrackerOptions options;
  LandmarkModel model;
  FaceDetector detector;

  cv::Mat gray;  // the frame being pushed
  int width = 0, height = 0;
  float scale = 1;
  core::ImageU8 thumbnail, chip = core::ImageU8(kChip, kChip, 1);
  cv::Mat reduced;
  std::int64_t frame = 0;
  bool search_now = true;
  std::vector<Followed> faces;
  FaceTracks result;
};

void FaceTracker::Impl::start_shot() {
  faces.clear();
  search_now = true;
  result.shot_starts.push_back(frame);
}

// Cuts the square out of the frame, turned upright, at the chip's size.
void FaceTracker::Impl::cut_chip(const FaceSquare& square) {
  core::Affine2 map = frame_from_chip(square);
  // Large faces are reduced by a whole factor first: sampling them sparsely would alias.
  int factor = std::max(1, int(square.side / kChipBox));
  cv::Mat source = gray;
  if (factor > 1) {
    float reach = square.side / kChipBox * kChip * 0.71F + 2.F * float(factor);
    cv::Rect around(int(square.centre.x() - reach), int(square.centre.y() - reach), int(2 * reach),
                    int(2 * reach));
    around &= cv::Rect(0, 0, gray.cols, gray.rows);
    around.width -= around.width % factor;
    around.height -= around.height % factor;
    if (around.width >= factor && around.height >= factor) {
      cv::resize(gray(around), reduced, {around.width / factor, around.height / factor}, 0, 0,
                 cv::INTER_AREA);
      source = reduced;
      core::Affine2 reduce = core::Affine2::Identity();
      reduce.scale(1.F / float(factor));
      reduce.translate(core::Point2(-float(around.x), -float(around.y)));
      map = reduce * map;
    }
  }
  // OpenCV counts from pixel centres, we from corners.
  core::Point2 half(0.5F, 0.5F);
  core::Point2 shift = map * half - half;
  cv::Matx23f inverse(map(0, 0), map(0, 1), shift.x(), map(1, 0), map(1, 1), shift.y());
  cv::Mat target(kChip, kChip, CV_8UC1, chip.data.data());
  cv::warpAffine(source, target, inverse, target.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REPLICATE);
}

// Landmarks and confidence of the face expected in `square`; false when no face is there.
bool FaceTracker::Impl::look(Followed* face, FaceSquare square) {
  core::Landmarks landmarks;
  FaceSquare found;
  // A second look where the first showed that the box was off: the predictor wants the boxes it was trained
  // on.
  for (int round = 0; round < 2; ++round) {
    cut_chip(square);
    landmarks = model.predict(chip, kChipBoxLeft, kChipBox);
    core::Affine2 map = frame_from_chip(square);
    for (auto& p : landmarks) p = map * p;
    found = detector_square(model.mean_shape(), landmarks);
    float step = (found.centre - square.centre).norm() / square.side;
    float growth = std::abs(std::log(found.side / square.side));
    if (!(step < kWildStep && growth < kWildStep)) return false;
    if (step < kSteadyStep && growth < kSteadyStep) break;
    if (round == 0) square = found;
  }
  float confidence = plausibility(model.mean_shape(), landmarks);
  if (confidence <= 0) return false;
  float score = detector.score(chip, kChipBoxLeft, kChipBox);
  if (score < kLostScore) return false;
  face->landmarks = landmarks;
  face->square = found;
  // Where the detector is not sure, the face must look as it did where the detector was.
  bool clear = score > kClearScore;
  float likeness = face->appearance.compare(chip, kChipBoxLeft, kChipBox, clear);
  if (!clear) confidence *= std::clamp(likeness / kFamiliarLook, 0.F, 1.F);
  face->score = confidence * confidence_of(score);
  return true;
}

void FaceTracker::Impl::follow() {
  for (auto& face : faces) {
    // A face that was lost is looked for where it was.
    bool there = look(&face, face.square);
    if (!there && face.seen()) search_now = true;
    face.lost = there ? 0 : face.lost + 1;
    if (!there) face.score = 0;
  }
  faces.erase(std::remove_if(faces.begin(), faces.end(), [](auto& f) { return f.lost > kRemembered; }),
              faces.end());
}

// `found`: what a plain search of this frame finds, or null.
void FaceTracker::Impl::search_frame(const std::vector<Detection>* found) {
  const float resize = search_resize(options, width, height);
  bool all_seen = !faces.empty() && std::all_of(faces.begin(), faces.end(), [](auto& f) { return f.seen(); });
  // Small frames are enlarged to find small faces, but not only to see whether someone has joined.
  const bool enlarged = resize > 1 && !all_seen;
  if (found != nullptr && !enlarged)
    adopt(*found);
  else
    adopt(detector.search(gray, std::min(resize, enlarged ? 2.F : 1.F)));
  if (faces.empty() && resize < 1) adopt(detector.search(gray, 1.F));
  search_now = false;
}

void FaceTracker::Impl::adopt(const std::vector<Detection>& found) {
  for (const Detection& detection : found) adopt(detection);
}

// A detection is a face followed already, a lost one come back, or a new one.
void FaceTracker::Impl::adopt(const Detection& detection) {
  if (detection.side < float(options.min_face_px) * scale) return;
  const FaceSquare square{detection.centre, detection.side, 0};
  core::Box box = upright_box(square);
  Followed* lost = nullptr;
  float nearest = 1.5F;  // box sides
  for (auto& face : faces) {
    if (face.seen() && core::overlap(box, upright_box(face.square)) > kSameFace) return;
    float away = (face.square.centre - square.centre).norm() / square.side +
                 2 * std::abs(std::log(face.square.side / square.side));
    if (!face.seen() && away < nearest) {
      nearest = away;
      lost = &face;
    }
  }
  Followed fresh;
  float needed = lost != nullptr ? options.min_score : kStartConfidence;
  if (!look(&fresh, square) || fresh.score < needed) return;
  if (lost != nullptr) {
    // What is known of the face's looks stays known.
    fresh.appearance = std::move(lost->appearance);
    fresh.track = lost->track;
    *lost = fresh;
    return;
  }
  fresh.track = result.tracks.size();
  FaceTrack track;
  track.shot = int(result.shot_starts.size()) - 1;
  track.first_frame = frame;
  result.tracks.push_back(std::move(track));
  faces.push_back(fresh);
}

// Two followers on one face: the older stays.
void FaceTracker::Impl::drop_doubles() {
  for (std::size_t i = 0; i < faces.size(); ++i)
    for (std::size_t j = faces.size(); j-- > i + 1;)
      if (faces[i].seen() && faces[j].seen() &&
          core::overlap(upright_box(faces[i].square), upright_box(faces[j].square)) > kSameFace)
        faces.erase(faces.begin() + std::ptrdiff_t(j));
}

core::FaceObservation FaceTracker::Impl::observation(const Followed& face) const {
  core::FaceObservation o;
  for (int i = 0; i < core::kLandmarks; ++i) o.landmarks[i] = face.landmarks[i] / scale;
  FaceSquare square = face.square;
  square.centre /= scale;
  square.side /= scale;
  o.box = upright_box(square);
  o.score = face.score;
  return o;
}

void FaceTracker::Impl::record(std::vector<core::FaceObservation>* seen) {
  for (const auto& face : faces) {
    if (!face.seen() || face.score < options.min_score) continue;
    if (face.square.side < float(options.min_face_px) * scale) continue;
    auto& track = result.tracks[face.track];
    track.raw.resize(std::size_t(frame - track.first_frame) + 1);
    track.raw.back() = observation(face);
    seen->push_back(*track.raw.back());
  }
}

FaceTracker::FaceTracker(const TrackerOptions& options) : impl_(std::make_unique<Impl>(options)) {}
FaceTracker::~FaceTracker() = default;

std::vector<core::FaceObservation> FaceTracker::push(const core::ImageU8& gray, float scale,
                                                     const std::vector<Detection>* found) {
  assert(gray.channels == 1 && !gray.empty() && scale > 0);
  auto& m = *impl_;
  m.gray = cv::Mat(gray.height, gray.width, CV_8UC1, const_cast<std::uint8_t*>(gray.data.data()));
  m.scale = scale;
  core::ImageU8 thumbnail = make_thumbnail(m.gray);
  bool resized = m.width != gray.width || m.height != gray.height;
  m.width = gray.width;
  m.height = gray.height;
  if (m.frame == 0 || resized || is_shot_cut(m.thumbnail, thumbnail)) m.start_shot();
  // Frames without content do not count as "before": a fade through black is judged by its two ends.
  if (m.frame == 0 || !is_blank(thumbnail)) m.thumbnail = std::move(thumbnail);

  m.follow();
  if (m.search_now || is_search_due(m.options, m.frame)) m.search_frame(found);
  m.drop_doubles();
  std::vector<core::FaceObservation> seen;
  m.record(&seen);
  ++m.frame;
  return seen;
}

FaceTracks FaceTracker::finish() {
  auto& m = *impl_;
  FaceTracks done = std::move(m.result);
  done.frame_count = m.frame;
  if (done.shot_starts.empty()) done.shot_starts.push_back(0);

  std::vector<std::pair<double, FaceTrack>> ranked;
  for (auto& track : done.tracks) {
    auto first = std::find_if(track.raw.begin(), track.raw.end(), [](auto& f) { return f.has_value(); });
    track.first_frame += first - track.raw.begin();
    track.raw.erase(track.raw.begin(), first);
    track.frames = track.raw;
    smooth(&track.frames);
    std::size_t count = 0, shot = std::size_t(track.shot);
    double area = mean_area(track, &count);
    auto shot_end = shot + 1 < done.shot_starts.size() ? done.shot_starts[shot + 1] : done.frame_count;
    if (count == 0 ||
        (count < kFewestFrames && shot_end - done.shot_starts[shot] > 3 * std::int64_t(kFewestFrames)))
      continue;
    ranked.emplace_back(area * double(count), std::move(track));
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](auto& a, auto& b) { return a.first > b.first; });
  done.tracks.clear();
  for (auto& [rank, track] : ranked) {
    track.id = int(done.tracks.size());
    done.tracks.push_back(std::move(track));
  }
  m.result = {};
  m.faces.clear();
  m.frame = 0;
  m.search_now = true;
  return done;
}

float analysis_scale(int width, int height) {
  int side = std::max(width, height);
  return side > kAnalysisSide ? float(kAnalysisSide) / float(side) : 1.F;
}

}  // namespace resyncer::track
