#!/usr/bin/env bash
# summary: write what is generated: the configuration reference and the dashboard's pictures
#
# usage: ./seckill docs [configuration|screenshots]
#
# Writes docs/CONFIGURATION.md from the options classes, and docs/images/dashboard-*.png from a small sale in a
# headless Chromium. Both are made by tests, on servers of their own; without an argument, both.
set -euo pipefail

eng=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tests=()
case ${1:-all} in
    configuration) tests=(The_reference_is_what_the_options_classes_say) ;;
    screenshots) tests=(ScreenshotTests) ;;
    all) tests=(The_reference_is_what_the_options_classes_say ScreenshotTests) ;;
    *) echo "seckill: docs does not know $1 (see --help)" >&2; exit 2 ;;
esac
mkdir -p "$eng/../docs/images"
SECKILL_WRITE_DOCS=1 SECKILL_SCREENSHOTS=$(cd "$eng/../docs/images" && pwd)
export SECKILL_WRITE_DOCS SECKILL_SCREENSHOTS
exec bash "$eng/test.sh" "${tests[@]}"
