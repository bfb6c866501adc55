#!/usr/bin/env bash
# summary: generate the configuration reference and the dashboard's screenshots
#
# usage: ./seckill docs [configuration|screenshots]
#
# Writes docs/CONFIGURATION.md from the options classes, and docs/images/dashboard-*.png from a small sale in a
# headless Chromium. Tests write both, on servers of their own. Without an argument: both.
set -euo pipefail

eng=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
tests=()
case ${1:-all} in
    configuration) tests=(The_reference_is_what_the_options_classes_say) ;;
    screenshots) tests=(ScreenshotTests) ;;
    all) tests=(The_reference_is_what_the_options_classes_say ScreenshotTests) ;;
    *) echo "seckill: unknown option of docs: $1 (see --help)" >&2; exit 2 ;;
esac
mkdir -p "$eng/../docs/images"
SECKILL_WRITE_DOCS=1 SECKILL_SCREENSHOTS=$(cd "$eng/../docs/images" && pwd)
export SECKILL_WRITE_DOCS SECKILL_SCREENSHOTS
exec bash "$eng/test.sh" "${tests[@]}"
