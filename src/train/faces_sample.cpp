// One training sample from one frame and its references.
#include <algorithm>
#include <cmath>

#include "faces_dataset.h"
#include "random.h"

namespace resyncer::train {

namespace {
using core::ImageU8;
using core::Point2;
using Random = std::mt19937_64;

bool chance(Random* random, double probability) { return uniform(0, 1, random) < probability; }
double normal(Random* random) {
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += uniform(-1, 1, random);
  return sum * 0.866;  // unit variance; its short tails suit jitter
}

// Gain, gamma and contrast of one picture.
struct Light {
  std::array<double, 3> gain = {1, 1, 1};
  double gamma = 1, contrast = 1;
};

Light random_light(Random* random, double amount) {
  Light light;
  double common = amount * normal(random);
  for (double& g : light.gain) g = std::exp(common + 0.3 * amount * normal(random));
  light.gamma = std::exp(amount * normal(random));
  light.contrast = std::exp(0.7 * amount * normal(random));
  return light;
}

void apply(const Light& first, const Light& second, ImageU8* image) {
  std::array<std::array<std::uint8_t, 256>, 3> table{};
  for (std::size_t c = 0; c < 3; ++c)
    for (int v = 0; v < 256; ++v) {
      double x = v / 255.0;
      for (const Light& light : {first, second})
        x = std::clamp((std::pow(x, light.gamma) * light.gain[c] - 0.5) * light.contrast + 0.5, 0.0, 1.0);
      table[c][std::size_t(v)] = std::uint8_t(std::lround(255 * x));
    }
  for (std::size_t i = 0; i < image->data.size(); i += 3)
    for (std::size_t c = 0; c < 3; ++c) image->data[i + c] = table[c][image->data[i + c]];
}

// Binomial-like blur with taps (k, 1 - 2 k, k) in x and y.
void blur(float k, ImageU8* image) {
  const int w = image->width, h = image->height;
  const auto stride = std::ptrdiff_t(w) * 3;
  const int side_tap = int(std::lround(256 * k)), centre = 256 - 2 * side_tap;
  ImageU8 rows = *image;
  for (int y = 0; y < h; ++y) {
    const std::uint8_t* in = image->row(y);
    std::uint8_t* out = rows.row(y);
    for (std::ptrdiff_t i = 3; i < stride - 3; ++i)
      out[i] = std::uint8_t((side_tap * (in[i - 3] + in[i + 3]) + centre * in[i] + 128) >> 8);
  }
  for (int y = 1; y + 1 < h; ++y) {
    const std::uint8_t* in = rows.row(y);
    std::uint8_t* out = image->row(y);
    for (std::ptrdiff_t i = 0; i < stride; ++i)
      out[i] = std::uint8_t((side_tap * (in[i - stride] + in[i + stride]) + centre * in[i] + 128) >> 8);
  }
}

// Shifted by whole pixels, edges repeated: anything that interpolates would blur the truth, and teach the
// network to blur its sharp references.
ImageU8 shifted(const ImageU8& source, int dx, int dy) {
  ImageU8 out(source.width, source.height, 3);
  for (int y = 0; y < out.height; ++y) {
    const std::uint8_t* row = source.row(std::clamp(y - dy, 0, source.height - 1));
    for (int x = 0; x < out.width; ++x)
      std::copy_n(row + 3 * std::clamp(x - dx, 0, source.width - 1), 3, &out.at(x, y));
  }
  return out;
}

// Fits are rough, and those of a clip differ from frame to frame already; a tenth of a pixel more keeps the
// network from relying on any vertex. Much more would teach it to blur: nobody can guess which way the mesh
// is off.
void jitter(Random* random, float scale, mesh::Vertices* vertices) {
  float dx = float(0.15 * normal(random)), dy = float(0.15 * normal(random));
  for (Eigen::Index i = 0; i < vertices->rows(); ++i) {
    (*vertices)(i, 0) += scale * (dx + float(0.1 * normal(random)));
    (*vertices)(i, 1) += scale * (dy + float(0.1 * normal(random)));
  }
}

// Mostly as in rendering, sometimes with bad ones among them, so that the network learns not to trust them.
std::vector<std::int64_t> pick_references(const FacesDataset& dataset, FrameId frame,
                                          const SampleOptions& options, Random* random) {
  auto rows = dataset.choose(frame, options.gap);
  if (!options.augment) return rows;
  double mode = uniform(0, 1, random), replaced = mode < 0.7 ? 0 : mode < 0.9 ? 0.4 : 1;
  if (replaced == 0) return rows;
  auto others = dataset.candidates(frame, options.gap);
  for (auto& row : rows)
    if (chance(random, replaced)) row = others[(*random)() % others.size()];
  return rows;
}

// Where the lips are: the outer lip of the mesh, blown up by half. Answers the middle of it.
Point2 fill_mouth(const mesh::Vertices& control, core::ImageF* out) {
  Point2 middle = Point2::Zero();
  for (int i = 48; i < 60; ++i) middle += control.row(i).head<2>().transpose() / 12.F;
  std::vector<Point2> outline;
  float width = (control.row(48) - control.row(54)).head<2>().norm();
  for (int i = 48; i < 60; ++i) {
    Point2 arm = control.row(i).head<2>().transpose() - middle;
    float length = arm.norm();
    outline.push_back(middle + arm * (length > 0 ? (length + 0.2F * width) / length : 1.F));
  }
  generator::fill_mask(outline, Point2::Zero(), 0, out);
  return middle;
}

void copy_planes(const core::ImageF& from, bool mirrored, float* to) {
  const int c = from.channels;
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < from.width; ++x, to += c)
      std::copy_n(&from.at(mirrored ? from.width - 1 - x : x, y), c, to);
}

void copy_picture(const ImageU8& from, bool mirrored, float* to) {
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < from.width; ++x, to += 3) {
      const std::uint8_t* p = &from.at(mirrored ? from.width - 1 - x : x, y);
      for (int c = 0; c < 3; ++c) to[c] = float(p[c]) * (1.F / 255.F);
    }
}

// The frame as it is to be painted, and its mesh.
struct Target {
  ImageU8 picture;
  mesh::Vertices control, neutral, wide_open, source;
};

Target read_target(const FacesDataset& dataset, FrameId frame, const SampleOptions& options, Random* random) {
  using Shape = FacesDataset::Shape;
  Target target{dataset.picture(frame),
                dataset.vertices(frame, Shape::target),
                dataset.vertices(frame, Shape::neutral),
                dataset.vertices(frame, Shape::wide_open),
                {}};
  target.source = target.control;
  if (!options.augment) return target;
  if (chance(random, 0.7)) {  // a tracked crop is never quite in its place
    int dx = int(std::lround(0.015 * dataset.side() * normal(random))),
        dy = int(std::lround(0.015 * dataset.side() * normal(random)));
    target.picture = shifted(target.picture, dx, dy);
    for (auto* vertices : {&target.control, &target.neutral, &target.wide_open})
      vertices->leftCols<2>().rowwise() += Eigen::RowVector2f(float(dx), float(dy));
  }
  // In rendering the mask also spans the mouth that was there before: any, in the same pose.
  float opening = float(uniform(0, 1, random));
  target.source = chance(random, 0.5)
                      ? target.control
                      : mesh::Vertices(target.neutral + opening * (target.wide_open - target.neutral));
  jitter(random, float(dataset.side()) / 256, &target.control);
  return target;
}
}  // namespace

void make_sample(const FacesDataset& dataset, const mesh::FaceModel& model, FrameId frame,
                 const SampleOptions& options, Random* random, SampleScratch* scratch, SamplePlanes* out) {
  const int side = dataset.side();
  auto rows = pick_references(dataset, frame, options, random);
  Target target = read_target(dataset, frame, options, random);
  std::vector<generator::Reference> references;
  for (auto row : rows) {
    FrameId id{frame.file, row};
    mesh::Vertices control = dataset.vertices(id, FacesDataset::Shape::target);
    references.push_back({dataset.picture(id), mesh::dense_vertices(model, control)});
  }
  if (options.augment) {
    Light common = chance(random, 0.5) ? random_light(random, 0.15) : Light();
    float softness = chance(random, 0.3) ? float(uniform(0.02, 0.3, random)) : 0;
    bool other_light = chance(random, 0.5);
    auto change = [&](ImageU8* image, const Light& own) {
      apply(common, own, image);
      if (softness > 0) blur(softness, image);
    };
    change(&target.picture, Light());
    for (auto& reference : references)
      change(&reference.image, other_light ? random_light(random, 0.05) : Light());
  }
  scratch->mask = core::ImageF(side, side, 1);
  scratch->mouth = core::ImageF(side, side, 1);
  generator::fill_mask(generator::mask_polygon(target.neutral, target.source, target.control), Point2::Zero(),
                       0, &scratch->mask);
  Point2 middle = fill_mouth(target.control, &scratch->mouth);

  mesh::Vertices dense = mesh::dense_vertices(model, target.control);
  generator::GuidanceInput input{&target.picture, &scratch->mask, &dense, {}, dataset.trust(frame, rows)};
  for (const auto& reference : references) input.references.push_back(&reference);
  generator::build_guidance(model, input, &scratch->guidance, &scratch->planes);

  bool mirrored = options.augment && chance(random, 0.5);
  copy_planes(scratch->planes.planes, mirrored, out->guidance);
  copy_planes(scratch->mouth, mirrored, out->mouth);
  copy_picture(target.picture, mirrored, out->truth);
  float x = std::clamp(middle.x(), 0.F, float(side));
  out->mouth_x = std::int64_t(mirrored ? float(side) - x : x);
  out->mouth_y = std::int64_t(std::clamp(middle.y(), 0.F, float(side)));
}

}  // namespace resyncer::train
