# Compiles through ccache where it is installed and no other launcher was asked for.
find_program(PORTCULLIS_CCACHE ccache)
if(PORTCULLIS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${PORTCULLIS_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PORTCULLIS_CCACHE})
endif()
