// The hand-made part of the face model: extra control points, how they follow the landmarks, and the
// triangulation.
#include "mesh/cage.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace resyncer::mesh {

namespace {

struct ExtraPoint {
  const char* name;
  std::vector<std::pair<int, float>> terms;  // landmark, weight (sum 1)
  std::array<float, 3> offset;               // cm
};

// The points of the subject's right half (image left); the other half is their mirror image.
const ExtraPoint kMiddle[] = {
    {"upper forehead", {{21, 0.5F}, {22, 0.5F}}, {0.F, 4.8F, -1.F}},
    {"forehead", {{21, 0.5F}, {22, 0.5F}}, {0.F, 2.2F, -0.1F}},
    {"glabella", {{21, 0.25F}, {22, 0.25F}, {27, 0.5F}}, {0.F, 0.1F, 0.1F}},
    {"philtrum", {{33, 0.5F}, {51, 0.5F}}, {0.F, 0.F, -0.1F}},
    {"mentolabial fold", {{57, 0.6F}, {8, 0.4F}}, {0.F, 0.35F, -0.2F}},
    {"chin tip", {{57, 0.3F}, {8, 0.7F}}, {0.F, 0.F, 0.5F}},
};

const ExtraPoint kLeft[] = {
    {"upper forehead", {{18, 0.5F}, {20, 0.5F}}, {0.4F, 4.F, -1.6F}},
    {"forehead above the brow tail", {{17, 1.F}}, {0.2F, 2.1F, -0.3F}},
    {"forehead above the brow", {{19, 1.F}}, {0.2F, 2.F, -0.2F}},
    {"forehead above the brow head", {{21, 1.F}}, {-0.2F, 2.2F, -0.2F}},
    {"temple", {{17, 0.5F}, {0, 0.5F}}, {-0.4F, 1.5F, -0.8F}},
    {"upper eyelid", {{19, 0.5F}, {37, 0.25F}, {38, 0.25F}}, {0.F, 0.F, 0.1F}},
    {"cheekbone", {{36, 0.5F}, {1, 0.5F}}, {0.F, -0.1F, 1.3F}},
    {"under the eye", {{40, 0.5F}, {41, 0.5F}}, {-0.1F, -1.5F, 0.1F}},
    {"cheek", {{31, 0.4F}, {2, 0.3F}, {41, 0.3F}}, {-0.5F, -0.4F, 1.F}},
    {"outer cheek", {{2, 0.75F}, {31, 0.25F}}, {-0.2F, 0.F, 1.6F}},
    {"nasolabial fold", {{31, 0.5F}, {48, 0.5F}}, {-0.7F, 0.1F, 0.1F}},
    {"cheek beside the mouth", {{48, 0.55F}, {3, 0.45F}}, {-0.1F, 0.2F, 1.4F}},
    {"lower cheek", {{48, 0.6F}, {5, 0.4F}}, {-0.2F, 0.F, 0.7F}},
    {"beside the mentolabial fold", {{58, 0.6F}, {7, 0.4F}}, {-0.4F, 0.2F, -0.1F}},
    {"chin side", {{59, 0.3F}, {6, 0.7F}}, {0.3F, -0.2F, 0.6F}},
    {"nostril wing", {{31, 1.F}}, {-0.5F, 0.7F, 0.2F}},
    {"upper nose side", {{28, 0.5F}, {39, 0.5F}}, {0.F, -0.3F, -0.2F}},
    {"nose side", {{29, 0.7F}, {31, 0.3F}}, {-0.7F, 0.2F, -0.7F}},
};

constexpr std::int32_t kHalfTriangles[][3] = {
    {91, 97, 85},    {93, 17, 18},    {75, 76, 8},     {97, 86, 85},    {93, 99, 17},    {0, 99, 68},
    {115, 113, 4},   {113, 115, 48},  {99, 103, 17},   {103, 99, 0},    {103, 2, 109},   {72, 73, 4},
    {39, 27, 87},    {95, 97, 91},    {95, 20, 97},    {95, 93, 18},    {93, 95, 91},    {101, 19, 18},
    {19, 101, 20},   {19, 95, 18},    {95, 19, 20},    {86, 21, 87},    {21, 39, 87},    {20, 21, 97},
    {21, 86, 97},    {103, 36, 17},   {17, 36, 18},    {105, 36, 103},  {2, 3, 109},     {113, 3, 4},
    {3, 113, 109},   {113, 107, 109}, {107, 103, 109}, {107, 105, 103}, {7, 75, 8},      {115, 59, 48},
    {117, 59, 115},  {29, 125, 30},   {27, 123, 28},   {123, 27, 39},   {105, 123, 39},  {125, 123, 105},
    {123, 29, 28},   {29, 123, 125},  {125, 121, 30},  {121, 125, 105}, {107, 121, 105}, {41, 36, 105},
    {1, 69, 2},      {1, 103, 0},     {1, 2, 103},     {1, 0, 68},      {69, 1, 68},     {70, 3, 2},
    {69, 70, 2},     {90, 7, 8},      {90, 89, 117},   {7, 90, 117},    {75, 6, 74},     {7, 6, 75},
    {62, 67, 66},    {67, 62, 61},    {67, 58, 66},    {58, 67, 59},    {89, 58, 117},   {58, 59, 117},
    {121, 32, 30},   {40, 105, 39},   {40, 41, 105},   {70, 71, 3},     {71, 72, 4},     {3, 71, 4},
    {5, 73, 74},     {6, 5, 74},      {73, 5, 4},      {5, 115, 4},     {5, 6, 115},     {119, 7, 117},
    {119, 6, 7},     {119, 117, 115}, {6, 119, 115},   {59, 60, 48},    {67, 60, 59},    {60, 67, 61},
    {58, 57, 66},    {57, 58, 89},    {32, 33, 30},    {33, 32, 88},    {32, 50, 88},    {50, 51, 88},
    {51, 50, 62},    {62, 50, 61},    {40, 37, 41},    {41, 37, 36},    {37, 101, 18},   {36, 37, 18},
    {49, 60, 61},    {50, 49, 61},    {37, 38, 101},   {38, 37, 40},    {38, 40, 39},    {21, 38, 39},
    {101, 38, 20},   {38, 21, 20},    {48, 60, 49},    {48, 49, 111},   {111, 113, 48},  {111, 107, 113},
    {111, 121, 107}, {31, 50, 32},    {31, 49, 50},    {31, 111, 49},   {31, 32, 121},   {111, 31, 121},
};

constexpr float kChart[][2] = {
    {-10.29F, 3.68F},  {-9.99F, 1.49F},   {-9.27F, -0.46F}, {-8.48F, -2.66F}, {-7.13F, -5.19F},
    {-5.07F, -7.41F},  {-3.18F, -8.11F},  {-1.39F, -8.46F}, {-0.00F, -8.77F}, {1.39F, -8.46F},
    {3.18F, -8.11F},   {5.07F, -7.41F},   {7.13F, -5.19F},  {8.48F, -2.66F},  {9.27F, -0.46F},
    {9.99F, 1.49F},    {10.29F, 3.68F},   {-5.89F, 5.20F},  {-4.66F, 5.98F},  {-3.42F, 6.26F},
    {-2.10F, 6.19F},   {-1.01F, 5.91F},   {1.01F, 5.91F},   {2.10F, 6.19F},   {3.42F, 6.26F},
    {4.66F, 5.98F},    {5.89F, 5.20F},    {-0.00F, 3.74F},  {-0.00F, 2.63F},  {-0.00F, 1.61F},
    {-0.00F, 0.41F},   {-1.06F, -1.14F},  {-0.49F, -1.14F}, {-0.00F, -1.20F}, {0.49F, -1.14F},
    {1.06F, -1.14F},   {-4.48F, 3.43F},   {-3.66F, 3.87F},  {-2.67F, 3.94F},  {-1.88F, 3.25F},
    {-2.66F, 3.08F},   {-3.70F, 3.07F},   {1.88F, 3.25F},   {2.67F, 3.94F},   {3.66F, 3.87F},
    {4.48F, 3.43F},    {3.70F, 3.07F},    {2.66F, 3.08F},   {-2.27F, -3.52F}, {-1.39F, -2.68F},
    {-0.57F, -2.42F},  {-0.00F, -2.48F},  {0.57F, -2.42F},  {1.39F, -2.68F},  {2.27F, -3.52F},
    {1.51F, -4.91F},   {0.83F, -5.50F},   {-0.00F, -5.58F}, {-0.83F, -5.50F}, {-1.51F, -4.91F},
    {-2.01F, -3.49F},  {-0.83F, -3.20F},  {-0.00F, -3.32F}, {0.83F, -3.20F},  {2.01F, -3.49F},
    {0.89F, -4.23F},   {-0.00F, -4.60F},  {-0.89F, -4.23F}, {-12.03F, 3.68F}, {-11.81F, 1.00F},
    {-11.25F, -1.42F}, {-10.59F, -4.05F}, {-9.40F, -6.95F}, {-7.35F, -9.49F}, {-4.86F, -10.42F},
    {-2.17F, -10.91F}, {-0.00F, -11.27F}, {2.17F, -10.91F}, {4.86F, -10.42F}, {7.35F, -9.49F},
    {9.40F, -6.95F},   {10.59F, -4.05F},  {11.25F, -1.42F}, {11.81F, 1.00F},  {12.03F, 3.68F},
    {-0.00F, 10.71F},  {-0.00F, 8.11F},   {-0.00F, 4.92F},  {-0.00F, -1.84F}, {-0.00F, -6.50F},
    {-0.00F, -7.81F},  {-3.67F, 10.08F},  {3.67F, 10.08F},  {-5.95F, 7.30F},  {5.95F, 7.30F},
    {-3.33F, 8.26F},   {3.33F, 8.26F},    {-1.21F, 8.11F},  {1.21F, 8.11F},   {-8.87F, 5.94F},
    {8.87F, 5.94F},    {-3.26F, 5.08F},   {3.26F, 5.08F},   {-6.15F, 2.36F},  {6.15F, 2.36F},
    {-3.24F, 1.58F},   {3.24F, 1.58F},    {-3.91F, -0.07F}, {3.91F, -0.07F},  {-5.95F, -0.63F},
    {5.95F, -0.63F},   {-2.21F, -2.23F},  {2.21F, -2.23F},  {-4.13F, -2.80F}, {4.13F, -2.80F},
    {-3.16F, -5.79F},  {3.16F, -5.79F},   {-1.39F, -6.48F}, {1.39F, -6.48F},  {-2.18F, -7.46F},
    {2.18F, -7.46F},   {-1.45F, -0.44F},  {1.45F, -0.44F},  {-0.85F, 2.64F},  {0.85F, 2.64F},
    {-0.89F, 0.98F},   {0.89F, 0.98F},
};

// The landmark that a landmark becomes in a mirror.
constexpr int kLandmarkMirror[68] = {16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
                                     26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33,
                                     32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52,
                                     51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};

constexpr float kSkirtWidth = 2.5F;  // cm outside the jaw line
constexpr float kPi = 3.14159265F;

bool inside(const std::vector<int>& polygon, Eigen::Vector2f p) {
  bool in = false;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const float* a = kChart[polygon[i]];
    const float* b = kChart[polygon[(i + 1) % polygon.size()]];
    if ((a[1] > p.y()) != (b[1] > p.y()) && p.x() < (b[0] - a[0]) * (p.y() - a[1]) / (b[1] - a[1]) + a[0])
      in = !in;
  }
  return in;
}

Region region_of(const Triangle& t) {
  static const std::vector<int> inner = {60, 61, 62, 63, 64, 65, 66, 67},
                                outer = {48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59};
  Eigen::Vector2f centre(0, 0);
  for (int v : t) {
    if (v >= kSkirtStart && v < kSkirtStart + kSkirtCount) return Region::skirt;
    centre += Eigen::Vector2f(kChart[v][0], kChart[v][1]) / 3;
  }
  if (inside(inner, centre)) return Region::mouth;
  return inside(outer, centre) ? Region::lips : Region::skin;
}

}  // namespace

int cage_size() { return kSkirtStart + kSkirtCount + int(std::size(kMiddle)) + 2 * int(std::size(kLeft)); }

std::vector<int> control_mirror() {
  std::vector<int> mirror(std::begin(kLandmarkMirror), std::end(kLandmarkMirror));
  for (int i = 0; i < kSkirtCount; ++i) mirror.push_back(kSkirtStart + kSkirtCount - 1 - i);
  for (std::size_t i = 0; i < std::size(kMiddle); ++i) mirror.push_back(int(mirror.size()));
  for (std::size_t i = 0; i < std::size(kLeft); ++i) {
    int left = int(mirror.size());
    mirror.push_back(left + 1);
    mirror.push_back(left);
  }
  return mirror;
}

std::vector<CagePoint> cage_points() {
  std::vector<CagePoint> points;
  points.reserve(std::size_t(cage_size()));
  for (int i = 0; i < kSkirtStart; ++i) points.push_back({{{i, 1.F}}, {0, 0, 0}});
  for (int i = 0; i < kSkirtCount; ++i) {
    float angle = kPi * float(i) / float(kSkirtCount - 1);
    points.push_back({{{i, 1.F}}, kSkirtWidth * Eigen::Vector3f(-std::cos(angle), -std::sin(angle), -0.6F)});
  }
  auto offset = [](const ExtraPoint& p) { return Eigen::Vector3f(p.offset[0], p.offset[1], p.offset[2]); };
  for (const auto& p : kMiddle) points.push_back({p.terms, offset(p)});
  for (const auto& p : kLeft) {
    points.push_back({p.terms, offset(p)});
    CagePoint mirrored{p.terms, offset(p)};
    for (auto& term : mirrored.terms) term.first = kLandmarkMirror[term.first];
    mirrored.offset.x() = -mirrored.offset.x();
    points.push_back(mirrored);
  }
  return points;
}

std::vector<CageTriangle> cage_triangles() {
  std::vector<int> mirror = control_mirror();
  std::vector<CageTriangle> triangles;
  for (const auto& t : kHalfTriangles) {
    Triangle left{t[0], t[1], t[2]}, right{mirror[t[0]], mirror[t[2]], mirror[t[1]]};
    triangles.push_back({left, region_of(left)});
    triangles.push_back({right, region_of(right)});
  }
  return triangles;
}

Eigen::Vector2f cage_uv(int vertex) {
  constexpr float kHalfWidth = 12.1F, kTop = 10.8F, kBottom = -11.4F;  // of the chart, with a margin
  return {(kChart[vertex][0] + kHalfWidth) / (2 * kHalfWidth), (kTop - kChart[vertex][1]) / (kTop - kBottom)};
}

}  // namespace resyncer::mesh
