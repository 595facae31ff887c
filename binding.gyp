# SPDX-License-Identifier: Apache-2.0
{
  "targets": [
    {
      "target_name": "dpvs_ipc",
      "sources": [
        "src/ipc/native/addon.cc",
        "src/ipc/native/constants.cc",
        "src/ipc/native/describe.cc",
        "src/ipc/native/exchange.cc"
      ],
      "include_dirs": [
        "<!@(node -p \"require('node-addon-api').include_dir\")",
        "dataplane/include/abi"
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"]
    }
  ]
}
