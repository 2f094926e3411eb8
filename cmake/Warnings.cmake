# One INTERFACE target that every target of ours links: warnings as errors, sanitizers, the include root.
add_library(portcullis_options INTERFACE)
target_include_directories(portcullis_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(portcullis_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Werror
  # The abi's rows are designated-initialised with padding left to be zero.
  -Wno-missing-field-initializers
  # libbpf's LIBBPF_OPTS is GNU C.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression> $<$<CXX_COMPILER_ID:Clang>:-Wno-c99-extensions>
  # g++ 12 guesses these from inlined library code when it optimises, and is wrong about std::optional and initializer lists; clang-tidy's
  # analyzer and the sanitizers watch the real things.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
if(PORTCULLIS_SANITIZE)
  target_compile_options(portcullis_options INTERFACE -fsanitize=${PORTCULLIS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(portcullis_options INTERFACE -fsanitize=${PORTCULLIS_SANITIZE})
endif()
