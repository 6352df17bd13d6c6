# remint_layer(<name> USES <layers...> SOURCES <files...> LIBRARIES <private third-party targets...>)
# One static library per layer. A layer links only the layers that its row in the design allows, so an
# include of a higher layer fails to build; tests/tools/check_layers.py says which line it was.
function(remint_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "USES;SOURCES;LIBRARIES")
  add_library(remint_${name} STATIC ${arg_SOURCES})
  target_include_directories(remint_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  # json_fwd.hpp is the one library header that our public headers take.
  target_link_libraries(remint_${name} PRIVATE remint_warnings ${arg_LIBRARIES} PUBLIC fmt::fmt nlohmann_json::nlohmann_json)
  foreach(lower IN LISTS arg_USES)
    target_link_libraries(remint_${name} PUBLIC remint_${lower})
  endforeach()
endfunction()

# remint_test(<name> SOURCES <files...> LIBRARIES <targets...>): one Catch2 program, run by ctest.
function(remint_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;LABELS")
  add_executable(remint_${name} ${arg_SOURCES})
  target_link_libraries(remint_${name} PRIVATE remint_warnings remint_test_main ${arg_LIBRARIES})
  add_test(NAME ${name} COMMAND remint_${name} --durations no)
  if(arg_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
  endif()
endfunction()
