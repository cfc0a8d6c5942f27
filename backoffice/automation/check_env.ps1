<#
.SYNOPSIS
Checks the settings before anything is started; arguments go to check_env.py (try --help).
#>
$ErrorActionPreference = 'Stop'
$python = Get-Command py, python3, python -ErrorAction SilentlyContinue | Select-Object -First 1
if (-not $python) {
    Write-Output 'error: Python 3.11 or newer is needed and was not found. Install it, then try again.'
    exit 1
}
& $python.Source (Join-Path $PSScriptRoot 'check_env.py') @args
exit $LASTEXITCODE
