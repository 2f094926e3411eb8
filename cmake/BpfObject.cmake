# bpf_object(NAME SOURCE): compiles SOURCE with clang for BPF and generates NAME.skel.h from it with bpftool. The INTERFACE target
# NAME_skel carries the directory of the header.
find_program(PORTCULLIS_BPF_CLANG NAMES clang clang-19 clang-16 clang-14 REQUIRED)
find_program(PORTCULLIS_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

function(bpf_object name source)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${PORTCULLIS_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter
            -I${PROJECT_SOURCE_DIR} -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -MD -MF ${object}.d -MT ${object}
            -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
    DEPFILE ${object}.d
    VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND sh -c "{ echo '// NOLINTBEGIN: generated'; '${PORTCULLIS_BPFTOOL}' gen skeleton '${object}' name ${name}_bpf && echo '// NOLINTEND'; } > '${skeleton}'"
    DEPENDS ${object}
    VERBATIM)
  add_custom_target(${name}_skel_generate DEPENDS ${skeleton})
  add_library(${name}_skel INTERFACE)
  add_dependencies(${name}_skel ${name}_skel_generate)
  target_include_directories(${name}_skel SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
