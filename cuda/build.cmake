# Builds the CUDA engine beside the rest, with the same program, which compiles sources side by side if it is Ninja:
#   cmake -DSOURCE= -DBUILD= -DTO= -DMODE=AUTO|ON -DGENERATOR= -DMAKE= -DARCHITECTURES= -P build.cmake
# With AUTO a compiler that is missing or fails leaves the engine out, and says so in one line.
function(attempt what)
  execute_process(
    COMMAND ${ARGN}
    RESULT_VARIABLE failed
    OUTPUT_FILE ${BUILD}/${what}.log ERROR_FILE ${BUILD}/${what}.log)
  if(NOT failed)
    return()
  endif()
  if(MODE STREQUAL "ON")
    file(READ ${BUILD}/${what}.log log)
    message(FATAL_ERROR "The CUDA engine: ${what} failed\n${log}")
  endif()
  message("CUDA engine left out: ${what} failed, see ${BUILD}/${what}.log")
  set(left_out TRUE PARENT_SCOPE)
endfunction()

file(MAKE_DIRECTORY ${BUILD})
file(REMOVE ${TO} ${TO}.sha256)
attempt(configure ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR}
        -DCMAKE_MAKE_PROGRAM=${MAKE} "-DCMAKE_CUDA_ARCHITECTURES=${ARCHITECTURES}")
if(NOT left_out)
  attempt(compile ${CMAKE_COMMAND} --build ${BUILD})
endif()
if(NOT left_out)
  file(COPY_FILE ${BUILD}/libtbrnn_cuda.so ${TO})
  file(SHA256 ${TO} digest)
  file(WRITE ${TO}.sha256 "${digest}\n")
endif()
