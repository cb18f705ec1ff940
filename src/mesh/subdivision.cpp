#include "mesh/subdivision.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace resyncer::mesh {

namespace {

using Weights = std::map<int, float>;
using Edge = std::pair<int, int>;

Edge edge_of(int a, int b) { return {std::min(a, b), std::max(a, b)}; }
// Which smooth sheet a triangle belongs to: the mouth's fill is a sheet of its own.
int sheet_of(Region region) { return region == Region::mouth ? 1 : 0; }

// One sheet of the surface: who follows whom round a vertex.
class Sheet {
 public:
  Sheet(const Topology& mesh, int sheet) {
    for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
      if (sheet_of(mesh.regions[i]) != sheet) continue;
      const Triangle& t = mesh.triangles[i];
      for (int k = 0; k < 3; ++k) next_[{t[k], t[(k + 1) % 3]}] = t[(k + 2) % 3];
    }
    for (const auto& [edge, apex] : next_)
      if (next_.count({edge.second, edge.first}) == 0) {
        boundary_[edge.first].push_back(edge.second);
        boundary_[edge.second].push_back(edge.first);
      }
  }

  bool has(int a, int b) const { return next_.count({a, b}) > 0 || next_.count({b, a}) > 0; }
  bool is_boundary(int a, int b) const {
    return has(a, b) && !(next_.count({a, b}) > 0 && next_.count({b, a}) > 0);
  }
  bool is_boundary(int v) const { return boundary_.count(v) > 0; }
  int apex(int a, int b) const {  // third corner of the triangle with the directed edge a->b, -1 = none
    auto it = next_.find({a, b});
    return it == next_.end() ? -1 : it->second;
  }
  // The other neighbour of `v` along the boundary, coming from `from`; -1 where the boundary is not a curve.
  int along(int v, int from) const {
    auto it = boundary_.find(v);
    if (it == boundary_.end() || it->second.size() != 2) return -1;
    return it->second[0] == from ? it->second[1] : it->second[0];
  }
  // Neighbours of an inner vertex, beginning with `first`, in turn.
  std::vector<int> ring(int v, int first) const {
    std::vector<int> ring;
    for (int n = first; n >= 0; n = apex(v, n)) {
      ring.push_back(n);
      if (ring.size() > 64 || apex(v, n) == first) break;
    }
    return ring;
  }

 private:
  std::map<std::pair<int, int>, int> next_;
  std::map<int, std::vector<int>> boundary_;
};

void boundary_rule(const Sheet& sheet, int a, int b, Weights* w) {
  int before = sheet.along(a, b), after = sheet.along(b, a);
  if (before < 0 || after < 0) {
    (*w)[a] += 0.5F;
    (*w)[b] += 0.5F;
    return;
  }
  (*w)[a] += 9.F / 16;
  (*w)[b] += 9.F / 16;
  (*w)[before] -= 1.F / 16;
  (*w)[after] -= 1.F / 16;
}

// Zorin's stencil of an extraordinary vertex v for the edge to ring[0].
void extraordinary_rule(int v, const std::vector<int>& ring, float share, Weights* w) {
  auto k = int(ring.size());
  std::vector<float> s(ring.size());
  if (k == 3) {
    s = {5.F / 12, -1.F / 12, -1.F / 12};
  } else if (k == 4) {
    s = {3.F / 8, 0, -1.F / 8, 0};
  } else {
    for (int j = 0; j < k; ++j) {
      float angle = 2 * float(M_PI) * float(j) / float(k);
      s[std::size_t(j)] = (0.25F + std::cos(angle) + 0.5F * std::cos(2 * angle)) / float(k);
    }
  }
  float sum = 0;
  for (int j = 0; j < k; ++j) {
    (*w)[ring[std::size_t(j)]] += share * s[std::size_t(j)];
    sum += s[std::size_t(j)];
  }
  (*w)[v] += share * (1 - sum);
}

void butterfly_rule(const Sheet& sheet, int a, int b, Weights* w) {
  int c = sheet.apex(a, b), d = sheet.apex(b, a);
  for (int v : {a, b}) (*w)[v] += 0.5F;
  for (int v : {c, d}) (*w)[v] += 1.F / 8;
  for (auto [p, q] : {std::pair{a, c}, {c, b}, {b, d}, {d, a}}) {
    int wing = sheet.apex(p, q) == a || sheet.apex(p, q) == b ? sheet.apex(q, p) : sheet.apex(p, q);
    if (wing >= 0) {
      (*w)[wing] -= 1.F / 16;
    } else {  // at the border the missing wing is the reflection of the opposite corner
      int opposite = (p == a || q == a) ? b : a;
      (*w)[p] -= 1.F / 16;
      (*w)[q] -= 1.F / 16;
      (*w)[opposite] += 1.F / 16;
    }
  }
}

Weights edge_weights(const Sheet& sheet, int a, int b) {
  Weights w;
  if (sheet.is_boundary(a, b)) {
    boundary_rule(sheet, a, b, &w);
    return w;
  }
  auto ring_of = [&](int v, int towards) {
    return sheet.is_boundary(v) ? std::vector<int>{} : sheet.ring(v, towards);
  };
  std::vector<int> ring_a = ring_of(a, b), ring_b = ring_of(b, a);
  bool odd_a = !ring_a.empty() && ring_a.size() != 6, odd_b = !ring_b.empty() && ring_b.size() != 6;
  if (odd_a) extraordinary_rule(a, ring_a, odd_b ? 0.5F : 1.F, &w);
  if (odd_b) extraordinary_rule(b, ring_b, odd_a ? 0.5F : 1.F, &w);
  if (!odd_a && !odd_b) butterfly_rule(sheet, a, b, &w);
  return w;
}

}  // namespace

Topology subdivide(const Topology& coarse, Eigen::SparseMatrix<float, Eigen::RowMajor>* matrix) {
  const std::array<Sheet, 2> sheets{Sheet(coarse, 0), Sheet(coarse, 1)};
  std::vector<Eigen::Triplet<float>> entries;
  entries.reserve(std::size_t(coarse.vertices));
  for (int v = 0; v < coarse.vertices; ++v) entries.emplace_back(v, v, 1.F);
  std::map<Edge, int> middle;
  Topology fine;
  fine.vertices = coarse.vertices;
  auto middle_of = [&](int a, int b) {
    auto [it, is_new] = middle.try_emplace(edge_of(a, b), fine.vertices);
    if (is_new) {
      // An edge that both sheets share follows the skin.
      const Sheet& sheet = sheets[0].has(a, b) ? sheets[0] : sheets[1];
      for (auto [v, weight] : edge_weights(sheet, a, b))
        if (weight != 0) entries.emplace_back(fine.vertices, v, weight);
      fine.edges.emplace_back(a, b);
      ++fine.vertices;
    }
    return it->second;
  };
  for (std::size_t i = 0; i < coarse.triangles.size(); ++i) {
    const Triangle& t = coarse.triangles[i];
    int ab = middle_of(t[0], t[1]), bc = middle_of(t[1], t[2]), ca = middle_of(t[2], t[0]);
    for (const Triangle& child :
         {Triangle{t[0], ab, ca}, Triangle{ab, t[1], bc}, Triangle{ca, bc, t[2]}, Triangle{ab, bc, ca}}) {
      fine.triangles.push_back(child);
      fine.regions.push_back(coarse.regions[i]);
    }
  }
  matrix->resize(fine.vertices, coarse.vertices);
  matrix->setFromTriplets(entries.begin(), entries.end());
  return fine;
}

}  // namespace resyncer::mesh
