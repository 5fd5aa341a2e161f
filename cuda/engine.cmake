# Is the CUDA engine built, and for which GPUs? AUTO: those of this machine; ON: CMAKE_CUDA_ARCHITECTURES, or those too.
set(TBRNN_CUDA AUTO CACHE STRING "Build the CUDA engine: AUTO (if this machine has a GPU), ON, OFF")
set_property(CACHE TBRNN_CUDA PROPERTY STRINGS AUTO ON OFF)
string(TOUPPER "${TBRNN_CUDA}" cuda_mode)
if(NOT cuda_mode MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "TBRNN_CUDA must be AUTO, ON or OFF, got ${TBRNN_CUDA}")
endif()
if(cuda_mode STREQUAL "OFF")
  return()
endif()

set(architectures ${CMAKE_CUDA_ARCHITECTURES})
if(NOT architectures OR architectures STREQUAL "native")
  find_program(NVIDIA_SMI nvidia-smi)
  if(NVIDIA_SMI)
    execute_process(
      COMMAND ${NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
      OUTPUT_VARIABLE capabilities ERROR_QUIET)
    string(REGEX MATCHALL "[0-9]+\\.[0-9]+" architectures "${capabilities}")
    list(TRANSFORM architectures REPLACE "\\." "")
    list(REMOVE_DUPLICATES architectures)
  endif()
endif()
if(NOT architectures)
  if(cuda_mode STREQUAL "ON")
    message(FATAL_ERROR "TBRNN_CUDA=ON on a machine without a GPU needs CMAKE_CUDA_ARCHITECTURES, such as 80;90")
  endif()
  message(STATUS "CUDA engine left out: no GPU on this machine (TBRNN_CUDA=ON with CMAKE_CUDA_ARCHITECTURES builds it)")
  return()
endif()

message(STATUS "CUDA engine: ${cuda_mode}, for ${architectures}")
set(cuda_library ${CMAKE_CURRENT_BINARY_DIR}/libtbrnn_cuda.so)
if(TBRNN_PYTHON AND NOT SKBUILD)
  set(cuda_library ${CMAKE_CURRENT_SOURCE_DIR}/python/tbrnn/libtbrnn_cuda.so)
endif()
file(GLOB_RECURSE cuda_inputs CONFIGURE_DEPENDS cuda/* cpp/core/* cpp/equations/*)
string(REPLACE ";" "\\;" architectures "${architectures}")
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/cuda.stamp
  COMMAND
    ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/cuda
    -DBUILD=${CMAKE_CURRENT_BINARY_DIR}/cuda -DTO=${cuda_library} -DMODE=${cuda_mode}
    -DGENERATOR=${CMAKE_GENERATOR} -DMAKE=${CMAKE_MAKE_PROGRAM}
    "-DARCHITECTURES=${architectures}" -P ${CMAKE_CURRENT_SOURCE_DIR}/cuda/build.cmake
  COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_CURRENT_BINARY_DIR}/cuda.stamp
  DEPENDS ${cuda_inputs}
  COMMENT "CUDA engine"
  USES_TERMINAL VERBATIM)
add_custom_target(tbrnn_cuda ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/cuda.stamp)
install(FILES ${cuda_library} ${cuda_library}.sha256 DESTINATION tbrnn OPTIONAL)
