# Target `check_headers` compiles each public header alone, so that a header never leans on what
# somebody happened to include before it.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/remint/*.hpp)
set(header_sources)
foreach(header IN LISTS headers)
  string(REPLACE "/" "_" flat ${header})
  set(source ${PROJECT_BINARY_DIR}/check_headers/${flat}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
  list(APPEND header_sources ${source})
endforeach()
add_library(check_headers OBJECT EXCLUDE_FROM_ALL ${header_sources})
target_include_directories(check_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(check_headers PRIVATE remint_warnings fmt::fmt nlohmann_json::nlohmann_json)
