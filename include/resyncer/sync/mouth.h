// The picture of a mouth that networks of sync look at: gray, upright, cut by the head's pose alone, so that
// neither its place nor its size tells how far the mouth is open.
#pragma once

namespace resyncer::sync {

constexpr int kMouthWidth = 64, kMouthHeight = 48;  // px
constexpr float kMouthWidthCm = 10;                 // on a face of the mean size

}  // namespace resyncer::sync
