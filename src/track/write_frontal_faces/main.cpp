// Run by the build: unpacks the face detector that dlib carries compressed in its header, and writes it as
// C++. Unpacking takes longer than a second of video does, and would be done by every process anew.
#include <dlib/image_processing/frontal_face_detector.h>

#include <iostream>
#include <string>

int main() {
  const std::string bytes = dlib::get_serialized_frontal_faces();
  std::cout << "#include \"track/frontal_faces.h\"\n\nnamespace resyncer::track {\n\nnamespace {\n\n"
            << "constexpr unsigned char kBytes[] = {";
  for (std::size_t i = 0; i < bytes.size(); ++i)
    std::cout << (i % 32 == 0 ? "\n" : "") << unsigned(static_cast<unsigned char>(bytes[i])) << ',';
  std::cout << "};\n\n}  // namespace\n\nstd::string frontal_faces() { return {std::begin(kBytes), "
               "std::end(kBytes)}; }\n\n}  // namespace resyncer::track\n";
  return std::cout.flush() ? 0 : 1;
}
