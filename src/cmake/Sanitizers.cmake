# Global on purpose: a sanitizer that covers only half of a program reports things that are not there.
foreach(sanitizer IN LISTS REMINT_SANITIZE)
  if(NOT sanitizer MATCHES "^(address|undefined|thread|fuzzer)$")
    message(FATAL_ERROR "REMINT_SANITIZE: unknown sanitizer '${sanitizer}'; known: address, undefined, thread, fuzzer")
  endif()
  if(sanitizer STREQUAL fuzzer)
    # libFuzzer brings a main() of its own: only the program in tests/fuzz is linked with it.
    add_compile_options(-fsanitize=fuzzer-no-link)
    continue()
  endif()
  add_compile_options(-fsanitize=${sanitizer})
  add_link_options(-fsanitize=${sanitizer})
endforeach()
if(REMINT_SANITIZE)
  add_compile_options(-fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
endif()

# Asio has a fence, which ThreadSanitizer cannot follow and g++ warns of. Files that include Asio's executors say so here.
function(remint_uses_asio target)
  if("thread" IN_LIST REMINT_SANITIZE)
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS -Wno-tsan)
  endif()
endfunction()
