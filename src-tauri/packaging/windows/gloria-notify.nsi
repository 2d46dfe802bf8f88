; The installer for one person on Windows, or with /AllUsers for the machine. `cargo xtask bundle nsis` calls makensis:
; it defines VERSION, ICON, OUT and FILES, a script with the macros InstallFiles and RemoveFiles; for tests also FAST.
;
;   /S              silent
;   /AllUsers       for the machine; /CurrentUser, the default, for one person
;   /SERVER=…       the server's address, until somebody sets another one. An upgrade keeps it
;   /NOAUTOSTART    is not started at login. An upgrade keeps it; /AUTOSTART takes it back
;
; Exit codes besides those of NSIS: 5 the app does not end, 6 a newer version is installed, 7 an MSI has installed it.
; Everything used here is part of NSIS.
Unicode true
Target amd64-unicode
!ifdef FAST
  SetCompress off
!else
  SetCompressor /SOLID lzma
!endif
; The times of the files would be those of the machine that built it.
SetDateSave off
ManifestDPIAware true
ManifestSupportedOS Win10

!define NAME "Gloria Notify"
!define AUTHORS "The Gloria Notify authors"
!define ID "com.gloriasystem.notify"
!define SCHEME "gloria-notify"
!define APP "gloria-notify.exe"
!define DEFAULTS "Software\Gloria System\Gloria Notify"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define WEBVIEW2 "Software\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"

; How often a tenth of a second is waited for the files of an app that ends: five seconds, as long as `gloria quit`.
!define END_CHECKS 50

!define IN_USE 5
!define NEWER 6
!define OF_MSI 7

Name "${NAME}"
OutFile "${OUT}"
BrandingText " "

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_DEFAULT_CURRENTUSER
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "InstallLocation"
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include WordFunc.nsh
!include LogicLib.nsh
!include x64.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh
!include "${FILES}"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartApp
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

VIProductVersion "${VERSION}.0"
VIFileVersion "${VERSION}.0"
VIAddVersionKey /LANG=1033 "ProductName" "${NAME}"
VIAddVersionKey /LANG=1033 "FileDescription" "${NAME} setup"
VIAddVersionKey /LANG=1033 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=1033 "CompanyName" "${AUTHORS}"
VIAddVersionKey /LANG=1033 "LegalCopyright" "${AUTHORS}"

Var Server
Var Autostart
Var WasRunning

; Ends the app of this user, in its own time, and waits for its files. Others' apps are in use, which is said.
!macro EndApp UN
Function ${UN}EndApp
  StrCpy $WasRunning 0
  ${If} ${FileExists} "$INSTDIR\gloria.exe"
    nsExec::Exec '"$INSTDIR\gloria.exe" quit'
    Pop $0
    ${If} $0 == 0
      StrCpy $WasRunning 1
    ${EndIf}
    StrCpy $1 0
    ${Do}
      ClearErrors
      FileOpen $0 "$INSTDIR\${APP}" a
      ${IfNot} ${Errors}
        FileClose $0
        ${ExitDo}
      ${EndIf}
      IntOp $1 $1 + 1
      ${If} $1 > ${END_CHECKS}
        SetErrorLevel ${IN_USE}
        MessageBox MB_OK|MB_ICONEXCLAMATION "${NAME} is still running. Quit it, then start this again." /SD IDOK
        Quit
      ${EndIf}
      Sleep 100
    ${Loop}
  ${EndIf}
FunctionEnd
!macroend
!insertmacro EndApp ""
!insertmacro EndApp "un."

; Windows shows notifications of a program that is not packaged if an entry of the Start menu has its AppUserModelID.
!macro SetAppUserModelId LINK
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${If} $1 P<> 0
      ${IPersistFile::Load} $1 '("${LINK}", ${STGM_READWRITE})'
      ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
      ${If} $2 P<> 0
        System::Call 'Oleaut32::SysAllocString(w "${ID}") p.r3'
        System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
        System::Call '*${SYSSTRUCT_PROPVARIANT}(${VT_BSTR},,p r3)p.r5'
        ${IPropertyStore::SetValue} $2 '($4,$5)'
        System::Call 'Oleaut32::SysFreeString(p r3)'
        System::Free $4
        System::Free $5
        ${IPropertyStore::Commit} $2 ""
        ${IUnknown::Release} $2 ""
        ${IPersistFile::Save} $1 '("${LINK}",1)'
      ${EndIf}
      ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
  ${EndIf}
!macroend

; By the shell, so that it has the rights of the user and not those of an installer for the machine.
Function StartApp
  Exec '"$WINDIR\explorer.exe" "$SMPROGRAMS\${NAME}.lnk"'
FunctionEnd

Function .onInit
  SetRegView 64
  !insertmacro MULTIUSER_INIT
  ${GetParameters} $R0
  ; ${GetOptions} would cut an address at its first slash.
  StrCpy $Server ""
  ClearErrors
  ${WordFind2X} " $R0 " " /SERVER=" " " "E+1" $Server
  ${If} ${Errors}
    StrCpy $Server ""
  ${EndIf}
  StrCpy $Autostart ""
  ClearErrors
  ${GetOptions} $R0 "/AUTOSTART" $R1
  ${IfNot} ${Errors}
    StrCpy $Autostart 1
  ${EndIf}
  ClearErrors
  ${GetOptions} $R0 "/NOAUTOSTART" $R1
  ${IfNot} ${Errors}
    StrCpy $Autostart 0
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

Section
  ReadRegStr $R2 SHCTX "${UNINSTALL}" "DisplayVersion"
  ${VersionCompare} "$R2" "${VERSION}" $R3
  ${If} $R2 != ""
  ${AndIf} $R3 == 1
    SetErrorLevel ${NEWER}
    MessageBox MB_OK|MB_ICONEXCLAMATION "Version $R2 of ${NAME} is installed, which is newer. Uninstall it first if you want ${VERSION}." /SD IDOK
    Quit
  ${EndIf}
  ReadRegStr $R4 HKLM "${DEFAULTS}\Installer" "Program"
  ${If} $R4 != ""
  ${AndIf} $MultiUser.InstallMode == "AllUsers"
    SetErrorLevel ${OF_MSI}
    MessageBox MB_OK|MB_ICONEXCLAMATION "An administrator has installed ${NAME} by another installer. Upgrade or uninstall that one." /SD IDOK
    Quit
  ${EndIf}
  Call EndApp

  ; What was chosen before stays, unless this one says otherwise.
  ${If} $Autostart == ""
    StrCpy $Autostart 1
    ReadRegStr $R5 SHCTX "${RUN}" "${ID}"
    ${If} $R2 != ""
    ${AndIf} $R5 == ""
      StrCpy $Autostart 0
    ${EndIf}
  ${EndIf}

  !insertmacro InstallFiles
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${APP}" "" "$INSTDIR\icon.ico"
  !insertmacro SetAppUserModelId "$SMPROGRAMS\${NAME}.lnk"
  ${If} $Autostart == 1
    WriteRegStr SHCTX "${RUN}" "${ID}" '"$INSTDIR\${APP}" --login'
  ${Else}
    DeleteRegValue SHCTX "${RUN}" "${ID}"
  ${EndIf}
  ${If} $Server != ""
    WriteRegStr SHCTX "${DEFAULTS}" "ApiUrl" $Server
  ${EndIf}
  WriteRegStr SHCTX "Software\Classes\AppUserModelId\${ID}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "Software\Classes\AppUserModelId\${ID}" "IconUri" "$INSTDIR\gloria-notify.png"
  WriteRegStr SHCTX "Software\Classes\${SCHEME}" "" "URL:${NAME}"
  WriteRegStr SHCTX "Software\Classes\${SCHEME}" "URL Protocol" ""
  WriteRegStr SHCTX "Software\Classes\${SCHEME}\DefaultIcon" "" '"$INSTDIR\icon.ico"'
  WriteRegStr SHCTX "Software\Classes\${SCHEME}\shell\open\command" "" '"$INSTDIR\${APP}" "%1"'
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\icon.ico"
  WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "${AUTHORS}"
  WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" $0

  ReadRegStr $0 HKCU "${WEBVIEW2}" "pv"
  SetRegView 32
  ReadRegStr $1 HKLM "${WEBVIEW2}" "pv"
  SetRegView 64
  ${If} "$0$1" == ""
    DetailPrint "The Microsoft Edge WebView2 Runtime is not installed."
    MessageBox MB_OK|MB_ICONINFORMATION "The window of ${NAME} needs the Microsoft Edge WebView2 Runtime, which is not installed. Without it, only notifications and the tray icon are there." /SD IDOK
  ${EndIf}

  ${If} $WasRunning == 1
  ${AndIf} ${Silent}
    Call StartApp
  ${EndIf}
SectionEnd

Section Uninstall
  Call un.EndApp
  !insertmacro RemoveFiles
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegValue SHCTX "${RUN}" "${ID}"
  DeleteRegKey SHCTX "Software\Classes\AppUserModelId\${ID}"
  DeleteRegKey SHCTX "Software\Classes\${SCHEME}"
  DeleteRegKey SHCTX "${DEFAULTS}"
  DeleteRegKey /ifempty SHCTX "Software\Gloria System"
  DeleteRegKey SHCTX "${UNINSTALL}"
SectionEnd
