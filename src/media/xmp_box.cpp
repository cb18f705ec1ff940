#include "xmp_box.h"

#include <array>
#include <cstdint>
#include <fstream>

#include "resyncer/core/error.h"

namespace resyncer::media {

std::string xmp_box(const std::string& packet) {
  constexpr std::array<unsigned char, 20> kName = {'u',  'u',  'i',  'd',  0xBE, 0x7A, 0xCF,
                                                   0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71,
                                                   0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC};
  const auto size = std::uint32_t(sizeof(std::uint32_t) + kName.size() + packet.size());
  std::string box;
  for (int shift = 24; shift >= 0; shift -= 8) box += char(size >> shift & 0xFF);
  box.append(kName.begin(), kName.end());
  return box + packet;
}

void append_xmp_box(const std::filesystem::path& file, const std::string& packet) {
  std::ofstream stream(file, std::ios::binary | std::ios::app);
  stream << xmp_box(packet);
  stream.close();
  if (!stream)
    throw core::Error(core::ErrorKind::output, "writing failed", file.string(), "is the disk full?");
}

}  // namespace resyncer::media
