# One interface target that every target of ours links; libraries of others do not see it.
add_library(remint_warnings INTERFACE)
target_compile_options(remint_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror
  -Wshadow              # a name that hides another is read as the other
  -Wconversion          # silent narrowing: sizes, counts and times cross many types here
  -Wsign-conversion
  -Wnon-virtual-dtor
  -Woverloaded-virtual
  -Wold-style-cast
  -Wcast-align
  -Wunused
  -Wimplicit-fallthrough
  -Wextra-semi
)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 reports these inside its own library at -O2 and above when std::string or std::optional is inlined.
  target_compile_options(remint_warnings INTERFACE
    -Wno-error=restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow -Wno-error=array-bounds)
else()
  # clang is for fuzzing; which warnings must not be is for g++ to say.
  target_compile_options(remint_warnings INTERFACE -Wno-error)
endif()
target_compile_definitions(remint_warnings INTERFACE
  _TURN_OFF_PLATFORM_STRING   # cpprestsdk's U(x) macro breaks fmt in the same file
)
